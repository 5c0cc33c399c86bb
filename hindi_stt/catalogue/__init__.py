"""Published models: the known ones, their download, and bundles from ONNX files that others published."""

"""The recipe of the punctuation network: text with marks → examples as a recogniser makes them → a small ONNX file."""

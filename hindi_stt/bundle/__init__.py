"""Model bundles: the folder and its manifest, the BentoML model store, the registry of several models."""

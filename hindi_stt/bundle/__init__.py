"""Model bundles: the folder and its manifest, the BentoML model store, several models side by side."""

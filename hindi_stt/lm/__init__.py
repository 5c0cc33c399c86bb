"""Language models: built from text, tuned on recordings, added to bundles."""

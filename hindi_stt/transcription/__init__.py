"""One recording from clips to a transcript: pipeline, options, channels."""

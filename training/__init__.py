"""The recipe of the embedded model; see README.md. Nothing here is needed to serve."""

"""HTTP: what stands between a request and the line."""

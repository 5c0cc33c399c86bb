"""The jobs API and resumable uploads."""

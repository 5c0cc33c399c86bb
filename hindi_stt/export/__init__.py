"""The exporter: from a NeMo archive to a verified bundle. The server never imports it."""

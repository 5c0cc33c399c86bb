"""What only the exporter needs: from a NeMo archive to a verified bundle. Never imported by the server."""

"""Connections to databases and Redis."""

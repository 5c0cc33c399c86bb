"""Clients that people use, with their defaults, against a real server (make prove-clients)."""

"""Deepgram's /v1/listen: recordings over HTTP, live audio over WebSockets."""

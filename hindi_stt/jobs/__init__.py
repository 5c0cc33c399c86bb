"""Durable jobs: recordings that are transcribed later, once, whatever ends the processes on the way."""

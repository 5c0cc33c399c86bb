"""Durable jobs: recordings that are heard later, once, whatever ends the processes on the way."""

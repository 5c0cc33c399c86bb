"""Calls: their live words for whoever listens, and their transcripts when they have ended."""

"""Hostile input by the thousand: `make prove-fuzz`. A case that ever failed becomes a test of its own elsewhere."""

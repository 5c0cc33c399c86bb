"""Measurements of speed, each as a ratio to a peer or a baseline in the same run."""

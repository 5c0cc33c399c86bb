"""Hindi speech to text on ordinary CPUs."""

"""Hindi speech to text on ordinary CPUs."""

__version__ = "0.1.0"

"""Hindi speech to text on ordinary CPUs."""

__version__ = "0.2.0"

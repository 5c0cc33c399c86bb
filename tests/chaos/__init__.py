"""What goes wrong in production, done on purpose to a real server: `make prove-chaos`."""

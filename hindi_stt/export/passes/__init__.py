"""Graph passes: each takes a model and returns an equivalent one."""

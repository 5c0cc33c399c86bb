"""Request bodies to recordings, bounded in bytes, time and disk space."""

"""What live connections of every protocol need: tracks of audio, bounded inboxes, places, keys and draining."""

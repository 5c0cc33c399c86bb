"""Platforms that send the audio of telephone calls over WebSockets."""

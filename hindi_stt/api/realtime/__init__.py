"""OpenAI's Realtime protocol over WebSockets."""

"""ASGI middleware: request ids, errors and logs; keys, limits and browsers."""

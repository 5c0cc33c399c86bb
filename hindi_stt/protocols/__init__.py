"""Protocols of telephony and of other recognisers, each a thin adapter over live tracks; none recognises by itself.

How to add a protocol. An adapter (`adapter.Adapter`) knows the messages of a protocol and does no I/O: `receive`
turns a message of the client into commands (`Start`, `Audio`, …), and `results` turns what was recognised into
messages. Where it is reached is one entry in `endpoints.ENDPOINTS`: its name for HINDI_STT_PROTOCOLS, its path, and
how it is made from the handshake and the models. Everything else is common: `server` reads until the Start, `session`
keeps to the bounds, counts, drains and reports calls, and `clients` finds out whose connection it is. Transports are
in `transport` and `ports`. A protocol over TCP has no entry there, but a function that reads one message, and its
entry in `running.RunningProtocols.start`, by which `tcp_ports` serves it; its messages are what its adapter takes.
"""

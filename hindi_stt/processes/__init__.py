"""The processes of one server: heartbeats, the runtime folder, CPU priority, garbage collection."""

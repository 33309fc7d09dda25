"""Writes: queueing and sending messages, running sweeps."""

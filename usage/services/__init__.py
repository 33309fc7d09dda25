"""Writes: authorising calls and charging what was used."""

"""Writes: every change to money goes through a function of this package."""

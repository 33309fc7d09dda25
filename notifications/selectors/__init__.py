"""Reads: what is open and waits for somebody."""

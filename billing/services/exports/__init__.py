"""Signed exports: what auditors get of an account's usage and charges, and the daily signed heads of all chains."""

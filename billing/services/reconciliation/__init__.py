"""Reconciliation: the providers' books against ours. `differences` notes them, `run` looks for them."""

from billing.services.reconciliation.differences import explain, note_difference

__all__ = ["explain", "note_difference"]

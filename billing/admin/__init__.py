"""The back office's pages about money. The ledger is read-only for everyone, superusers included."""

from billing.admin import grant, hold, ledger, terms, verification, wallet

__all__ = ["grant", "hold", "ledger", "terms", "verification", "wallet"]

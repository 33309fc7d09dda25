"""Reads: what pages, services and staff ask of wallets and the ledger."""

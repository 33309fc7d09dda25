"""All invariants by name: billing's own, and those that apps above it register when they are ready."""

from __future__ import annotations

from collections.abc import Iterable

from billing.verification import (
    alerts,
    auto_top_ups,
    balances,
    chain,
    coupons,
    documents,
    exports,
    grants,
    holds,
    ledger_days,
    notices,
    payments,
    postpay,
    refunds,
    rollups,
    second_person,
    tenancy,
    transfers,
)
from billing.verification.invariant import Invariant

_known: dict[str, Invariant] = {}


class UnknownInvariantError(LookupError):
    """No invariant has this name."""


def register(invariants: Iterable[Invariant]) -> None:
    """Add an app's invariants. Raises ValueError for a name that another invariant has."""
    for invariant in invariants:
        if _known.setdefault(invariant.name, invariant) != invariant:
            raise ValueError(f"Two invariants are called {invariant.name}.")


def named(names: Iterable[str] | None = None) -> list[Invariant]:
    """The invariants with these names in the order given, or all of them. Raises UnknownInvariantError."""
    if names is None:
        return list(_known.values())
    wanted = list(names)
    for name in wanted:
        if name not in _known:
            raise UnknownInvariantError(f"No invariant is called {name}.")
    return [_known[name] for name in wanted]


MODULES = (
    transfers,
    balances,
    grants,
    holds,
    chain,
    rollups,
    tenancy,
    payments,
    auto_top_ups,
    coupons,
    refunds,
    second_person,
    postpay,
    alerts,
    notices,
    documents,
    exports,
    ledger_days,
)

for module in MODULES:
    register(module.INVARIANTS)

"""An invariant: a rule in words, and the query that finds what breaks it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """`sql` returns the offending rows, none while the rule holds; it reads sets and keeps none of them in Python.

    The columns it returns are what a person needs to find the fault. `name` is how a run and its findings call it.
    """

    name: str
    rule: str
    sql: str

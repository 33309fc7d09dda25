"""What a run of simulated traffic saw: latencies per endpoint, answers, denials and money. Exact, never sampled."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

PERCENTILES = (50, 95, 99)


@dataclass
class Tally:
    """Counts of one run; latencies in milliseconds, money in the product's currency."""

    latencies: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    denials: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    in_progress: set[str] = field(default_factory=set)
    charged: Decimal = Decimal(0)
    simulated: Decimal = Decimal(0)
    currency: str = ""

    def count_event(self, result: dict[str, Any]) -> None:
        """Count one event's answer; a duplicate's charge was counted with the first answer."""
        self.calls[result["status"]] += 1
        if result["status"] == "rejected":
            self.rejections[result["error"]["code"]] += 1
        charge = result.get("charge")
        if result["status"] != "accepted" or charge is None:
            return
        self.currency = charge["currency"]
        total = Decimal(charge["total"])
        if result["simulated"]:
            self.simulated += total
        else:
            self.charged += total
        self.calls["free" if not total else "charged"] += 1


def percentile(latencies: list[float], percent: int) -> float:
    """The latency that `percent` of the requests kept; 0 of none."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0


def show(console: Console, tally: Tally, before: dict[str, Decimal], after: dict[str, Decimal]) -> None:
    """The summary: requests, calls, money."""
    requests = Table("endpoint", "requests", *[f"p{p} ms" for p in PERCENTILES], "max ms", "errors", title="Requests")
    for endpoint, latencies in sorted(tally.latencies.items()):
        failed = sum(count for (where, _), count in tally.errors.items() if where == endpoint)
        figures = [f"{percentile(latencies, p):.1f}" for p in PERCENTILES]
        requests.add_row(endpoint, f"{len(latencies):,}", *figures, f"{max(latencies):.1f}", str(failed))
    console.print(requests)
    for (endpoint, error), count in tally.errors.most_common():
        console.print(f"{endpoint}: {count} of {error}", markup=False)
    outcome = Table("calls", "", title="Calls")
    for name, count in tally.calls.items():
        outcome.add_row(name, f"{count:,}")
    for reason, count in tally.denials.most_common():
        outcome.add_row(f"denied: {reason}", f"{count:,}")
    for code, count in tally.rejections.most_common():
        outcome.add_row(f"rejected: {code}", f"{count:,}")
    console.print(outcome)
    for line in money_lines(tally, before, after):
        console.print(line, markup=False)


def money_lines(tally: Tally, before: dict[str, Decimal], after: dict[str, Decimal]) -> list[str]:
    """What was charged, and whether the balances moved by just that."""
    unit = tally.currency
    lines = [f"Charged {tally.charged:f} {unit}".rstrip() + f" in {tally.calls['charged']:,} calls."]
    if tally.simulated:
        lines.append(f"Simulated in the sandbox: {tally.simulated:f} {unit}; no money moved for it.")
    if set(before) != set(after):
        return [*lines, "The balances could not be read again; the charges are not compared with them."]
    moved = sum(before.values(), Decimal(0)) - sum(after.values(), Decimal(0))
    for account in sorted(before):
        lines.append(f"{account}: {before[account]:f} → {after[account]:f}")
    if moved == tally.charged:
        return [*lines, "The balances went down by exactly what was charged."]
    other = moved - tally.charged
    return [*lines, f"The balances went down by {moved:f}: {other:f} of it was not charged by answers to this run."]

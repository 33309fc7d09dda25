"""The targets of the charge path, judged by ratios of figures taken side by side in the same rounds."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from tests.bench.growth import HistoryTimes
from tests.bench.pgbench import Timed

Rounds = dict[str, list[Timed]]


@dataclass(frozen=True)
class Target:
    """A ratio, the bound it must keep, and whether it does."""

    name: str
    value: float
    bound: float
    at_least: bool = True
    by_cpu: float | None = None
    """The same ratio taken from processor times: what cores that nobody else uses would come to."""

    @property
    def is_reached(self) -> bool:
        """Whether the bound is kept."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound


@dataclass(frozen=True)
class Growth:
    """What was measured at one size of the ledger; the batch as a share of the full reference at that size."""

    ledger_rows: int
    http_batch: float
    full_batch: float
    history: HistoryTimes


def targets(rounds: Rounds, deadlocks: int) -> list[Target]:
    """Targets (a), (b) and (c)."""
    tail = median(timed.p99_ms / timed.p50_ms for timed in rounds["http single"])
    return [
        rate_target("(a) batch through HTTP / full set-based", rounds, "http batch", "full batch", 0.75),
        rate_target("(a) batch through HTTP / lean", rounds, "http batch", "lean", 4),
        rate_target("(b) single event / full per event", rounds, "http single", "full single", 0.5),
        rate_target("(b) single event / lean", rounds, "http single", "lean", 0.35),
        Target("(b) single event p99 / p50", tail, 3, at_least=False),
        rate_target("(b) authorize / its reference", rounds, "http authorize", "reference authorize", 0.35),
        rate_target("(c) hot wallet / full on one wallet", rounds, "http hot", "full hot", 0.5),
        Target("(c) deadlocks", deadlocks, 0, at_least=False),
    ]


def growth_targets(grown: list[Growth]) -> list[Target]:
    """Target (d): the largest ledger against the smallest."""
    if len(grown) < 2:
        return []
    small, large = grown[0], grown[-1]
    found = [
        Target(f"(d) history, {label}, {large.ledger_rows:,} rows / {small.ledger_rows:,}", after / before, 1.5, False)
        for label, before, after in (
            ("first page", small.history.first_page, large.history.first_page),
            ("deep page", small.history.deep_page, large.history.deep_page),
            ("first page by day", small.history.first_by_day, large.history.first_by_day),
            ("deep page by day", small.history.deep_by_day, large.history.deep_by_day),
        )
    ]
    slower = small.http_batch / large.http_batch
    return [*found, Target("(d) batch through HTTP, times slower", slower, 1.5, False)]


def rate_target(name: str, rounds: Rounds, figure: str, reference: str, bound: float) -> Target:
    """One figure's rate as a share of another's."""
    pairs = list(zip(rounds[figure], rounds[reference], strict=True))
    by_cpu = median(b.cpu_us / a.cpu_us for a, b in pairs)
    return Target(name, median(a.per_second / b.per_second for a, b in pairs), bound, by_cpu=by_cpu)

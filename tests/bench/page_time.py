"""What is measured of a customer page, and the bounds it keeps."""

from __future__ import annotations

from dataclasses import dataclass

LEDGER_ROWS = 1_000_000  # of the account whose pages they are: half of them transactions, half transfers
REQUESTS = 5
MILLISECONDS_MOST = 200
QUERIES_MOST = 15


@dataclass(frozen=True)
class PageTime:
    """A page's address, the median of its server times, and how many statements it sent."""

    path: str
    milliseconds: float
    cpu_ms: float
    """Processor time of a request, PostgreSQL's with it: what a core that nobody else uses would take."""
    queries: int

    @property
    def is_quick(self) -> bool:
        """Whether it keeps both bounds."""
        return self.milliseconds <= MILLISECONDS_MOST and self.queries <= QUERIES_MOST

    @property
    def is_quick_by_cpu(self) -> bool:
        """Whether it would, with a core to itself."""
        return self.cpu_ms <= MILLISECONDS_MOST and self.queries <= QUERIES_MOST

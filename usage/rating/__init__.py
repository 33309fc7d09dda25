"""Rating: what an event costs on a card version, as pure functions (see `usage.rating.engine`)."""

from usage.rating.engine import minimum_charge, rate
from usage.rating.types import CardVersion, FreeRule, Line, PriceOnRequest, Rate, Rated

__all__ = ["CardVersion", "FreeRule", "Line", "PriceOnRequest", "Rate", "Rated", "minimum_charge", "rate"]

"""Readers of the pages, and what they cost."""

from tests.usage.views.conftest import reader, statements

__all__ = ["reader", "statements"]

"""Readers of the pages."""

from tests.usage.views.conftest import reader

__all__ = ["reader"]

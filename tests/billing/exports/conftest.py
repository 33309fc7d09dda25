"""Accounts with usage, for exports."""

from tests.usage.conftest import bare_account
from tests.usage.views.conftest import reader, statements

__all__ = ["bare_account", "reader", "statements"]

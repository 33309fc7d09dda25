"""The addresses of the API. The hot ones are answered by `usage.api.lane` before the resolver is asked."""

from __future__ import annotations

from django.urls import path, register_converter

from usage.api import hot, views
from usage.api.fields import TEXT_LENGTH_MAX
from usage.api.openapi import docs, schema
from usage.api.parsing import is_fit


class AccountConverter:
    """An account's identifier is any text: `@ / ? %` arrive decoded, so a slash may stand in it."""

    regex = r"[\s\S]+"

    def to_python(self, value: str) -> str:
        """The identifier. Raises ValueError (404) for one that no account can have."""
        if len(value) > TEXT_LENGTH_MAX or not is_fit(value):
            raise ValueError("no identifier")
        return value

    def to_url(self, value: str) -> str:
        """The identifier as it stands in the address, which quotes it."""
        return value


register_converter(AccountConverter, "account")

app_name = "api"

urlpatterns = [
    path("events", hot.events, name="events"),
    path("events/void", hot.void, name="void"),
    path("calls/authorize", hot.authorize, name="authorize"),
    path("calls/extend", hot.extend, name="extend"),
    path("calls/release", hot.release, name="release"),
    path("calls", views.CallsView.as_view(), name="calls"),
    path("accounts", views.AccountsView.as_view(), name="accounts"),
    path("accounts/<account:account>/balance", views.BalanceView.as_view(), name="balance"),
    path("accounts/<account:account>/transactions", views.TransactionsView.as_view(), name="transactions"),
    path("accounts/<account:account>/usage", views.UsageView.as_view(), name="usage"),
    path("accounts/<account:account>/estimates", views.EstimatesView.as_view(), name="estimates"),
    path("schema/", schema, name="schema"),
    path("docs/", docs, name="docs"),
]

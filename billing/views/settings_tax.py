"""The tax details on the settings page: what is read of them, and what follows in words."""

from __future__ import annotations

from dataclasses import replace

from django.http import QueryDict

from organizations.services.organizations import Details

TAX_FIELDS = ("country", "region", "tax_id")
TYPED_MAX = 1000


def read_tax(sent: QueryDict, details: Details) -> Details:
    """The details with what was sent of country, region and tax ID."""
    return replace(details, **{name: sent.get(name, "")[:TYPED_MAX] for name in TAX_FIELDS})

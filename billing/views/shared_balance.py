"""One balance for several services (osmtalk.md: "osmTalk and osmAPI share one credit balance")."""

from __future__ import annotations

from babel.lists import format_list

from organizations.languages import text_locale
from organizations.models import Product


def sharing_services(product: Product) -> str:
    """ "osmTalk and osmAPI": what the product's balances pay for; empty where that is one service."""
    names = product.services.filter(is_active=True).order_by("id").values_list("name", flat=True)
    return format_list(list(names), locale=text_locale()) if len(names) > 1 else ""

"""Full addresses of the customer's pages, as letters need them."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def page_url(name: str, *args: object) -> str:
    """The page's address with the site's in front."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}"

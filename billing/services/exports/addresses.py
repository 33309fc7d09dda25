"""Where keys are published: stable addresses, which stand in every export."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from billing.models import SigningKey


def keys_url() -> str:
    """The page that lists every key."""
    return f"{settings.SITE_URL}{reverse('signing_keys')}"


def key_url(key: SigningKey) -> str:
    """The key's PEM file."""
    return f"{settings.SITE_URL}{reverse('signing_key_file', args=[key.fingerprint])}"

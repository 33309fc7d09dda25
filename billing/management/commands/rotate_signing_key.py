"""`manage.py rotate_signing_key`: a new key for exports and heads; the old one verifies what it signed, for ever."""

from __future__ import annotations

from typing import Any

from billing.services.exports.addresses import key_url
from billing.services.exports.signing import rotate
from organizations.management.operator import OperatorCommand


class Command(OperatorCommand):
    """Prints the new key's fingerprint and its address."""

    help = "Makes a new signing key the current one and removes the private half of the one before."

    def handle(self, **options: Any) -> None:
        """Rotate."""
        key = rotate()
        self.stdout.write(f"{key.fingerprint}\n{key_url(key)}")

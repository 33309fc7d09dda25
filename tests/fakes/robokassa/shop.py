"""The stand-in's one shop: its passwords and the signatures made with them, written apart from the project's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Shop:
    """Name, passwords for real and for test payments, and the hash that all signatures use."""

    login: str = "stand-in"
    passwords: tuple[str, str, str] = ("stand-in-1", "stand-in-2", "stand-in-3")
    test_passwords: tuple[str, str] = ("stand-in-test-1", "stand-in-test-2")
    algorithm: str = "sha256"

    def password(self, number: int, *, is_test: bool) -> str:
        """Password 1 (pages) or 2 (notices and look-ups) of this mode."""
        return (self.test_passwords if is_test else self.passwords)[number - 1]

    def hashed(self, text: str) -> str:
        """A signature, in capitals as Robokassa writes them."""
        return hashlib.new(self.algorithm, text.encode()).hexdigest().upper()


def with_shp(text: str, shp: dict[str, str]) -> str:
    """The signed text with the shop's parameters behind it, by name."""
    for name in sorted(shp):
        text += f":{name}={shp[name]}"
    return text

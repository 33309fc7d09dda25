"""Registers of VAT numbers: the one that `settings.VAT_REGISTER` names is asked, none where it is empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class RegisterAnswer:
    """Whether the number is in the register, and what it says besides; empty text where it says nothing."""

    is_valid: bool
    name: str = ""
    address: str = ""
    consultation_number: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


Ask = Callable[..., RegisterAnswer]
"""`ask(number, *, asked_by="")`; raises ProviderUnavailableError without an answer."""


def register() -> Ask | None:
    """What to ask, or None."""
    return import_string(settings.VAT_REGISTER) if settings.VAT_REGISTER else None

"""What a service refused, as a form shows it beside its fields."""

from __future__ import annotations

from django.core.exceptions import ValidationError


def refusals(error: ValidationError, *, otherwise: str) -> dict[str, str]:
    """The words by field; those that belong to no field stand at `otherwise`."""
    if hasattr(error, "error_dict"):
        return {name: " ".join(words) for name, words in error.message_dict.items()}
    return {otherwise: " ".join(error.messages)}

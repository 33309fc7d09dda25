"""VIES, the European Union's register of VAT numbers, over its REST API: POST `check-vat-number`.

It answers for the member states' own registers, any of which may be down; then it says so with the status 200. Asked
in the name of another VAT number it gives a consultation number, the proof that one has asked.
"""

from __future__ import annotations

from typing import Any

import httpx
from django.conf import settings

from billing.providers.base import ProviderUnavailableError
from billing.providers.registers import RegisterAnswer

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
NOT_SAID = "---"  # a name or an address that the member state keeps to itself


def ask(number: str, *, asked_by: str = "") -> RegisterAnswer:
    """What the register says of a VAT number with the letters of its country, asked in the name of `asked_by`.

    Raises ProviderUnavailableError without an answer.
    """
    question = {"countryCode": number[:2], "vatNumber": number[2:]}
    if asked_by:
        question |= {"requesterMemberStateCode": asked_by[:2], "requesterNumber": asked_by[2:]}
    try:
        response = httpx.post(f"{settings.VIES_URL}/check-vat-number", json=question, timeout=TIMEOUT)
        answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderUnavailableError(f"VIES did not answer: {error}") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("valid"), bool):
        raise ProviderUnavailableError(f"VIES did not say: {_reason(answer) or response.status_code}")
    return RegisterAnswer(
        is_valid=answer["valid"],
        name=_text(answer, "name"),
        address=_text(answer, "address"),
        consultation_number=_text(answer, "requestIdentifier"),
        raw=answer,
    )


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    return value.strip() if isinstance(value, str) and value.strip() != NOT_SAID else ""


def _reason(answer: Any) -> str:
    """`{"actionSucceed": false, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}`."""
    wrappers = answer.get("errorWrappers") if isinstance(answer, dict) else None
    found = [str(each.get("error", "")) for each in wrappers or () if isinstance(each, dict)]
    return ", ".join(found)

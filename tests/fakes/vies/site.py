"""The register as one site of a server: `POST /check-vat-number`, strict about what it is sent."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

from tests.fakes.http import Request, Response, Site

STATES = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
}  # fmt: skip
KNOWN = {"countryCode", "vatNumber", "requesterMemberStateCode", "requesterNumber"}
UNKNOWN_ENDING = "99"
SILENT = {"DE", "ES"}  # these states keep names and addresses to themselves


class ViesSite(Site):
    """A register of one's own, in memory."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self._unknown: set[str] = set()
        self._failures: list[str] = []
        self._lock = threading.Lock()
        self.url = ""

    def start(self, url: str) -> None:
        """The server is up."""
        self.url = url

    def forget(self, number: str) -> None:
        """Take a number, with its country's letters, out of the register."""
        self._unknown.add(number)

    def remember(self, number: str) -> None:
        """Put it back."""
        self._unknown.discard(number)

    def fail_next(self, how: str, *, times: int = 1) -> None:
        """Answer the next questions with this error, or by "500", "lost" or "garbage"."""
        with self._lock:
            self._failures += [how] * times

    def handle(self, request: Request) -> Response | None:
        """Answer a question."""
        if (request.method, request.path) != ("POST", "/check-vat-number"):
            return Response.text("Nothing is here.", 404)
        question = request.json()
        with self._lock:
            self.asked.append(question)
            failure = self._failures.pop(0) if self._failures else ""
        if failure == "lost":
            return None
        if failure == "500":
            return Response.html("<h1>Service Unavailable</h1>", 503)
        if failure == "garbage":
            return Response.html("<h1>Maintenance</h1>")
        if failure:
            return _refused(failure)
        if not isinstance(question, dict) or set(question) - KNOWN or not question.get("vatNumber"):
            return _refused("INVALID_INPUT", 400)
        if question.get("countryCode") not in STATES:
            return _refused("INVALID_INPUT", 400)
        if question.get("requesterMemberStateCode", "DE") not in STATES:
            return _refused("INVALID_REQUESTER_INFO", 400)
        return Response.json(self._answer(question))

    def _answer(self, question: dict[str, str]) -> dict[str, Any]:
        country, number = question["countryCode"], question["vatNumber"]
        is_valid = country + number not in self._unknown and not number.endswith(UNKNOWN_ENDING)
        says_name = is_valid and country not in SILENT
        return {
            "countryCode": country,
            "vatNumber": number,
            "requestDate": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "valid": is_valid,
            "requestIdentifier": f"WAPIAAAA{len(self.asked):08d}" if question.get("requesterNumber") else "",
            "name": f"COMPANY {number}" if says_name else "---",
            "address": "1 EXAMPLE STREET\n00000 TOWN" if says_name else "---",
            "traderName": "---",
            "traderStreet": "---",
            "traderPostalCode": "---",
            "traderCity": "---",
            "traderCompanyType": "---",
        }


def _refused(error: str, status: int = 200) -> Response:
    """As VIES says it: a member state that is down comes with the status 200, too."""
    return Response.json({"actionSucceed": False, "errorWrappers": [{"error": error}]}, status)

"""What a service function says when it cannot do what was asked."""

from __future__ import annotations


class ServiceError(Exception):
    """A refusal with a stable code, words for a person, an HTTP status and, where known, the fields at fault."""

    def __init__(
        self, code: str, detail: str, *, status: int = 422, errors: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.errors = errors or {}

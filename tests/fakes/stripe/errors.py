"""Stripe's errors: the status, and the body that its clients turn into exceptions."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An answer that is no success. What was written before it stays written, as a declined charge does."""

    def __init__(self, status: int, kind: str, message: str, **details: Any) -> None:
        self.status = status
        self.error = {"type": kind, "message": message} | {k: v for k, v in details.items() if v is not None}
        if code := details.get("code"):
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{str(code).replace('_', '-')}"
        super().__init__(message)

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        return {"error": self.error}


def invalid(message: str, *, param: str | None = None, code: str | None = None, **details: Any) -> StripeError:
    """400: the request cannot be understood or does not fit the object's state."""
    return StripeError(400, "invalid_request_error", message, param=param, code=code, **details)


def unknown_parameter(name: str) -> StripeError:
    """400: a parameter that this call does not have."""
    return invalid(f"Received unknown parameter: {name}", param=name, code="parameter_unknown")


def missing_parameter(name: str) -> StripeError:
    """400: a parameter that this call needs."""
    return invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")


def no_such(kind: str, id: str, *, param: str = "id", elsewhere: str | None = None) -> StripeError:
    """404 for an object in the path, 400 for one that a parameter names; `elsewhere`: the mode that has it."""
    message = f"No such {kind.replace('.', ' ')}: '{id}'"
    if elsewhere:
        key = "live" if elsewhere == "test" else "test"
        message += f"; a similar object exists in {elsewhere} mode, but a {key} mode key was used to make this request."
    status = 404 if param == "id" else 400
    return StripeError(status, "invalid_request_error", message, param=param, code="resource_missing")


def unauthorised(message: str) -> StripeError:
    """401: no key, or not ours."""
    return StripeError(401, "invalid_request_error", message)


def unrecognised_url(method: str, path: str) -> StripeError:
    """404: no such call."""
    message = f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs."
    return StripeError(404, "invalid_request_error", message)


def key_reused(key: str) -> StripeError:
    """400: an idempotency key that came with other parameters before."""
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return StripeError(400, "idempotency_error", message)


def key_in_use(key: str) -> StripeError:
    """409: the first request with this key is still running."""
    message = f"There is currently another in-progress request using this Stripe Idempotent Key: {key}."
    return StripeError(409, "invalid_request_error", message, code="idempotency_key_in_use")


def too_many() -> StripeError:
    """429."""
    message = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."
    return StripeError(429, "invalid_request_error", message, code="rate_limit")


def broken() -> StripeError:
    """500: the outcome is unknown to the caller."""
    return StripeError(500, "api_error", "An unknown error occurred.")


def card_error(
    decline_code: str, *, code: str, message: str, charge: str | None = None, **intent: dict[str, Any]
) -> StripeError:
    """402: the bank said no. `intent` is `payment_intent` or `setup_intent`, whole, as Stripe sends it."""
    return StripeError(402, "card_error", message, code=code, decline_code=decline_code, charge=charge, **intent)

"""Webhooks out (API.md) in the words of OpenAPI: what services are told, from the table that messages are made by."""

from __future__ import annotations

from typing import Any

from billing.providers.base import FailureReason
from notifications.channels.webhook import BODY_BYTES_MAX, SECONDS_MAX
from notifications.models import WebhookType
from notifications.payloads import AMOUNTS, DATA, OPTIONAL, TEST_TYPE
from organizations.models import Mode
from usage.api.hot_schema import AMOUNT, MOMENT, REASONS, WORD, Schema, ref

SUMMARIES = {
    WebhookType.WALLET_LOW: "The balance has fallen below the customer's threshold.",
    WebhookType.WALLET_BLOCKED: "No new call starts from now on; `reason` is as in calls/authorize.",
    WebhookType.WALLET_UNBLOCKED: "Calls start again.",
    WebhookType.WALLET_TOPPED_UP: "Money has arrived, by hand or by automatic top-up.",
    WebhookType.AUTO_TOP_UP_FAILED: "An automatic top-up failed.",
    WebhookType.AUTO_TOP_UP_DISABLED: "Automatic top-up is off after a third failure in a row.",
    WebhookType.PROJECT_MODE_CHANGED: "A project went live, or back to the sandbox.",
}
TEST_SUMMARY = "Sent by the operator to see whether the endpoint answers; to be taken and forgotten."
DESCRIPTION = (
    "Signed by the Standard Webhooks scheme. Verify the signature over the raw body, refuse timestamps older than five "
    f"minutes, take a `webhook-id` once, and answer 2xx within {SECONDS_MAX:g} seconds. Anything else, a redirect too, "
    "is tried again with growing pauses for three days, with the same `webhook-id`; 410 ends it for the endpoint. "
    "Messages may come twice, and in another order than things happened. A body has at most "
    f"{BODY_BYTES_MAX // 1024} KiB."
)
FIELDS: dict[str, Schema] = {
    **{name: {**AMOUNT, "examples": ["9.954000"]} for name in AMOUNTS},
    "currency": {**WORD, "examples": ["USD"]},
    "top_up": {"type": "string", "description": "The top-up's reference."},
    "next_attempt_at": {**MOMENT, "description": "Left out where no attempt follows."},
    "project": {**WORD, "description": "The service's own identifier.", "examples": ["front-desk"]},
    "mode": {"type": "string", "enum": Mode.values},
}
REASONS_OF = {
    WebhookType.WALLET_BLOCKED: list(REASONS),
    WebhookType.AUTO_TOP_UP_FAILED: [reason.value for reason in FailureReason],
    WebhookType.AUTO_TOP_UP_DISABLED: [reason.value for reason in FailureReason],
}
WHOSE: dict[str, Schema] = {
    "product": {**WORD, "examples": ["aipbx"]},
    "account": {**WORD, "description": "The service's own identifier.", "examples": ["acme"]},
}
HEADERS: dict[str, str] = {
    "webhook-id": "The message's own, the same at every attempt: `msg_` and 32 hexadecimal digits.",
    "webhook-timestamp": "When this attempt was made, in Unix seconds.",
    "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body joined by dots; several, "
    "separated by spaces, while a secret is rotated.",
}


def add_webhooks(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add what services are told (a postprocessing hook of drf-spectacular)."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    webhooks = result.setdefault("webhooks", {})
    for webhook, summary in SUMMARIES.items():
        schemas[_name(webhook)] = _message(webhook.value, _data(webhook))
        webhooks[webhook.value] = {"post": _operation(webhook.value, summary)}
    schemas[_name(TEST_TYPE)] = _message(TEST_TYPE, {"service": WORD, "message": WORD})
    webhooks[TEST_TYPE] = {"post": _operation(TEST_TYPE, TEST_SUMMARY)}
    return result


def _name(webhook: str) -> str:
    """Such as WalletLowMessage."""
    return "".join(part.title() for part in webhook.replace("_", ".").split(".")) + "Message"


def _data(webhook: WebhookType) -> dict[str, Schema]:
    fields = {**FIELDS, "reason": {"type": "string", "enum": REASONS_OF.get(webhook, [])}}
    return {**WHOSE, **{name: fields[name] for name in DATA[webhook]}}


def _message(webhook: str, data: dict[str, Schema]) -> Schema:
    required = [name for name in data if name not in OPTIONAL]
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "const": webhook},
            "timestamp": {**MOMENT, "description": "When it happened."},
            "data": {"type": "object", "properties": data, "required": required},
        },
        "required": ["type", "timestamp", "data"],
    }


def _operation(webhook: str, summary: str) -> dict[str, Any]:
    return {
        "operationId": f"on_{webhook.replace('.', '_')}",
        "summary": summary,
        "description": DESCRIPTION,
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": WORD, "description": words}
            for name, words in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": ref(_name(webhook))}}},
        "responses": {
            "2XX": {"description": "Taken; the body is not read by machines."},
            "410": {"description": "Gone: nothing is sent to this endpoint any more."},
            "default": {"description": "Not taken: tried again, not before `Retry-After` where it is given."},
        },
    }

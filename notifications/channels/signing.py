"""Signatures of webhooks, by the Standard Webhooks scheme (standardwebhooks.com, version 1, symmetric).

The signed text is the message's id, the second of the attempt and the body, joined by dots. A receiver that knows the
secret can tell a forged, changed or old message from ours.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32  # the scheme asks for 24 to 64


def new_secret() -> str:
    """A secret as receivers configure it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each secret. `timestamp` is in Unix seconds."""
    text = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(_signature(secret, text) for secret in secrets)


def _signature(secret: str, text: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()

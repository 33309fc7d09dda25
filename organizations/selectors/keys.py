"""Who calls the API: a service's key, looked up in one statement per request, never kept in memory.

A key that was revoked or has expired, or whose service was switched off, is refused from the next request on in every
process, because every request asks. What the key reaches (service, product, currency, scopes) and the revision of the
product's prices come with the same row.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from organizations.database import run

# A key is `prefix.secret`, the prefix unique, and of the whole only `sha512$$<hex>` is stored
# (`rest_framework_api_key.crypto.KeyGenerator`).
PREFIX_LENGTH = 8
KEY_LENGTH_MAX = 200
FIND_KEY = """
SELECT k.hashed_key, k.id, s.id, s.slug, p.id, p.slug, p.currency, k.scopes, p.rates_revision
  FROM organizations_servicekey k
  JOIN organizations_service s ON s.id = k.service_id AND s.is_active
  JOIN organizations_product p ON p.id = s.product_id
 WHERE k.prefix = %s AND NOT k.revoked AND (k.expiry_date IS NULL OR k.expiry_date > now())
"""


@dataclass(frozen=True, slots=True)
class KeyContext:
    """What a key says about its bearer, as of this request."""

    key_id: str
    service_id: int
    service_slug: str
    product_id: int
    product_slug: str
    currency: str
    scopes: frozenset[str]
    rates_revision: int


def find_key(raw_key: str) -> KeyContext | None:
    """The context of the key as its bearer sent it, or None where it is unknown, revoked, expired or switched off."""
    prefix, dot, _secret = raw_key.partition(".")
    if not dot or len(prefix) != PREFIX_LENGTH or len(raw_key) > KEY_LENGTH_MAX or not raw_key.isascii():
        return None
    if not prefix.isalnum():
        return None
    (rows,) = run((FIND_KEY, [prefix]))
    if not rows:
        return None
    hashed_key, key_id, service_id, service_slug, product_id, product_slug, currency, scopes, revision = rows[0]
    sent = "sha512$$" + hashlib.sha512(raw_key.encode()).hexdigest()
    if not hmac.compare_digest(sent, hashed_key):
        return None
    return KeyContext(key_id, service_id, service_slug, product_id, product_slug, currency, frozenset(scopes), revision)

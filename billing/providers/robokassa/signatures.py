"""Robokassa's signatures: a hash over values and a password, joined by colons (FACTS.md, 'Robokassa').

Shop parameters (`Shp_…`) come last, sorted by name, each as `name=value`. Sums are signed as they are written, digit by
digit; they are compared as decimals elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

ALGORITHMS = ("md5", "ripemd160", "sha1", "sha256", "sha384", "sha512")


def is_known(algorithm: str) -> bool:
    """Whether Robokassa offers the hash and this machine can compute it (some OpenSSL builds lack ripemd160)."""
    return algorithm in ALGORITHMS and algorithm in hashlib.algorithms_available


def signed(*parts: str, shp: Mapping[str, str] | None = None, algorithm: str) -> str:
    """The hash of the parts in their order and the shop's parameters, in lower-case hex digits."""
    pairs = [f"{name}={value}" for name, value in sorted((shp or {}).items())]
    return hashlib.new(algorithm, ":".join([*parts, *pairs]).encode()).hexdigest()


def of_payment(
    *, login: str, out_sum: str, invoice: str, password1: str, algorithm: str, shp: Mapping[str, str] | None = None
) -> str:
    """The signature of a payment page's address."""
    return signed(login, out_sum, invoice, password1, shp=shp, algorithm=algorithm)


def of_result(
    *, out_sum: str, invoice: str, password: str, algorithm: str, shp: Mapping[str, str] | None = None
) -> str:
    """The signature of a notice: by password 2 for ResultURL, by password 1 for SuccessURL."""
    return signed(out_sum, invoice, password, shp=shp, algorithm=algorithm)


def of_state(*, login: str, invoice: str, password2: str, algorithm: str) -> str:
    """The signature of a look-up."""
    return signed(login, invoice, password2, algorithm=algorithm)


def agree(expected: str, given: str) -> bool:
    """Whether two signatures are the same, in any letter case, in a time that tells nothing."""
    return hmac.compare_digest(expected.lower().encode(), given.lower().encode())

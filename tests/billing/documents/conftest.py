"""A product whose documents have an issuer, and pages that need no drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from organizations.models import Account, Product


@pytest.fixture
def account_with_issuer(products: dict[str, Product], make_account: Callable[..., Account]) -> Callable[..., Account]:
    """`account_with_issuer("aipbx", paid="10")`: an account whose product has an issuer, older than all of it."""

    from tests.billing.documents.issued import issuer_of

    def make(product: str, **options: object) -> Account:
        issuer_of(products[product])
        return make_account(product, **options)

    return make


@pytest.fixture
def plain_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """PDFs are their number in a few bytes: drawing is tested where it is done."""
    from billing.services.documents import files

    monkeypatch.setattr(files, "_render", lambda document: f"%PDF {document.label}".encode())

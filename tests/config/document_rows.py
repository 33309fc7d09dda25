"""Documents, issuers and what could not be made, for the back office's lists."""

from __future__ import annotations

from django.utils import timezone

from billing.models import DocumentFailure, DocumentKind, Payment
from organizations.models import Account
from tests.billing.documents.filed import filed
from tests.billing.documents.issued import issue_one, make_issuer


def document_rows(account: Account, number: int) -> None:
    """A receipt with its file and a note that credits it, of an issuer of their own; a document that failed."""
    issuer, payment = make_issuer(), Payment.objects.filter(wallet=account.wallet).latest("id")
    receipt = filed(issue_one(account.wallet, issuer, "receipt", payment=payment))
    issue_one(account.wallet, issuer, "note", kind=DocumentKind.CREDIT_NOTE, corrects=receipt)
    DocumentFailure.objects.create(
        cause=f"pdf:{number}", error="RuntimeError: on purpose", failures=1, next_attempt_at=timezone.now()
    )

"""Ways between the pages of one piece of money: its documents, its transaction, and from that back to its cause."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from billing.models import BillingPeriod, CouponBatch, Dispute, Document, Payment, Refund, TopUp, Transaction
from organizations.admin import panels
from organizations.admin.amounts import money_html
from organizations.admin.panels import Column, Panel, link, link_to, list_url, moment
from organizations.models import Organization

SHOWN = 20
DOCUMENTS_OF: dict[type[Model], str] = {
    Payment: "payment",
    TopUp: "top_up",
    Refund: "refund",
    Dispute: "dispute",
    Organization: "organization",
}
# The beginning of a transaction's key, and whose number follows it.
CAUSES: dict[str, type[Model]] = {
    "refund": Refund,
    "refund_back": Refund,
    "dispute": Dispute,
    "reinstated": Dispute,
    "tax": BillingPeriod,
    "tax_back": BillingPeriod,
    "coupon": CouponBatch,
}


def documents_panel(request: HttpRequest, obj: Any) -> list[Panel]:
    """The newest documents issued for the row, or to the organization."""
    if not request.user.has_perm("billing.view_document"):
        return []
    way = DOCUMENTS_OF[type(obj)]
    documents = Document.objects.filter(**{way: obj}).defer("content").order_by("-id")[:SHOWN]
    rows = [
        (link_to(Document, one.pk, one.label), one.get_kind_display(), one.issued_on, money_html(one.total))
        for one in documents
    ]
    columns = (Column("Document"), Column("Kind"), Column("Issued"), Column("Total", True))
    more = list_url(Document, wallet__id__exact=obj.wallet_id) if hasattr(obj, "wallet_id") else ""
    words = "None was issued for it."
    return [Panel("Documents", columns, rows, empty=words, more_url=more, more_label="All of the wallet", rank=1)]


def credited_panel(request: HttpRequest, payment: Payment) -> list[Panel]:
    """The transaction that brought a payment's money into the wallet."""
    number = payment.transaction_number
    found = Transaction.objects.filter(wallet_id=payment.wallet_id)
    found = found.none() if number is None else found.filter(number=number)
    rows = [
        (link(one), one.get_kind_display(), moment(one.created_at), money_html(one.amount, signed=True))
        for one in found
    ]
    columns = (Column("Transaction"), Column("Kind"), Column("When (UTC)"), Column("Amount", True))
    return [Panel("In the ledger", columns, rows, empty="It filled an allotment: its transaction is the month's.")]


def cause_panel(request: HttpRequest, transaction: Transaction) -> list[Panel]:
    """What the transaction was made for, where that has a page: a payment, refund, dispute, invoice or coupon."""
    causes: list[Model] = list(
        Payment.objects.filter(wallet_id=transaction.wallet_id, transaction_number=transaction.number)
    )
    begins, _colon, rest = transaction.key.partition(":")
    number = rest.partition(":")[0]
    if begins in CAUSES and number.isdecimal():
        causes += CAUSES[begins]._default_manager.filter(pk=int(number))
    seen = [one for one in causes if request.user.has_perm(f"{one._meta.app_label}.view_{one._meta.model_name}")]
    if not seen:
        return []
    rows = [(str(one._meta.verbose_name).capitalize(), link(one)) for one in seen]
    return [Panel("Made for", (Column("What"), Column("Which")), rows)]


for model in DOCUMENTS_OF:
    panels.register(model, documents_panel)
panels.register(Payment, credited_panel)
panels.register(Transaction, cause_panel)

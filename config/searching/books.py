"""The ledger and what states it: transactions, documents, coupons, exports, messages."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models.functions import Lower

from billing.models import AuditExport, Coupon, CouponBatch, Document, Transaction, Wallet
from billing.models.document import BARE_LABEL
from config.searching.lookups import EACH_MOST, LookUp, Rows, words_in
from config.searching.terms import Term
from notifications.models import Delivery, Notice
from organizations.admin.amounts import amount_text
from organizations.models import Account

OF_WALLET = ("wallet__account__product",)
# The unique key begins with the wallet: asked once per wallet, never over the table.
BY_KEY = """
SELECT t.id FROM billing_wallet w
 CROSS JOIN LATERAL (SELECT id FROM billing_transaction WHERE wallet_id = w.id AND key = %(key)s LIMIT 1) t
 LIMIT %(most)s
"""
# A number alone means one transaction of each wallet that has come so far: the newest accounts'.
BY_NUMBER = """
SELECT t.id FROM (SELECT id FROM billing_wallet WHERE last_number >= %(number)s ORDER BY id DESC LIMIT %(most)s) w
 CROSS JOIN LATERAL (SELECT id FROM billing_transaction WHERE wallet_id = w.id AND number = %(number)s) t
"""


def _ids(statement: str, **values: Any) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "most": EACH_MOST})
        return [row[0] for row in cursor.fetchall()]


def _transaction(term: Term) -> list[Rows]:
    if term.number_of and (wallets := _wallets_of(term.number_of[0])):
        return [Transaction.objects.filter(wallet_id__in=wallets, number=term.number_of[1]).order_by("-pk")]
    if term.number:
        return [Transaction.objects.filter(pk=term.number)]
    if term.is_one_word and ":" in term.text:
        return [Transaction.objects.filter(pk__in=_ids(BY_KEY, key=term.text)).order_by("-pk")]
    return []


def _transaction_by_number(term: Term) -> list[Rows]:
    if not term.number or term.number > 10**9:
        return []
    return [Transaction.objects.filter(pk__in=_ids(BY_NUMBER, number=term.number)).order_by("-pk")]


def _wallets_of(whose: str) -> list[int]:
    """The wallets of accounts with this identifier, or else with words of this name."""
    term = Term.of(whose)
    exact = Account.objects.annotate(asked=Lower("external_id")).filter(asked=term.lower)
    for rows in (exact, *words_in(Account, term)):
        accounts = list(rows.values_list("pk", flat=True)[:EACH_MOST])
        if accounts:
            return list(Wallet.objects.filter(account_id__in=accounts).values_list("pk", flat=True))
    return []


def _document(term: Term) -> list[Rows]:
    if term.uuid:
        return [Document.objects.filter(reference=term.uuid)]
    return [Document.objects.annotate(bare=BARE_LABEL).filter(bare=term.label).order_by("-pk")] if term.label else []


def _document_begun(term: Term) -> list[Rows]:
    if not term.label:
        return []
    return [Document.objects.annotate(bare=BARE_LABEL).filter(bare__startswith=term.label).order_by("-pk")]


def _coupon(term: Term) -> list[Rows]:
    return [Coupon.objects.filter(code=term.text)] if term.is_one_word else []


def _coupon_begun(term: Term) -> list[Rows]:
    if not term.is_one_word or len(term.text) < 3:
        return []
    return [Coupon.objects.filter(code__startswith=term.text).order_by("-pk")]


def _export(term: Term) -> list[Rows]:
    return [AuditExport.objects.filter(reference=term.uuid)] if term.uuid else []


def _delivery(term: Term) -> list[Rows]:
    if term.uuid:
        return [Delivery.objects.filter(uid=term.uuid)]
    if term.is_address:
        return [Delivery.objects.filter(recipient=term.lower).order_by("-pk")]
    return [Delivery.objects.filter(key=term.text)] if term.is_one_word and ":" in term.text else []


def _notice(term: Term) -> list[Rows]:
    return [Notice.objects.filter(key=term.text)] if term.is_one_word and ":" in term.text else []


LOOKUPS = (
    LookUp(
        Transaction,
        "receipt_long",
        _transaction,
        _transaction_by_number,
        OF_WALLET,
        "wallet.account",
        facts=lambda row: (
            f"{row.get_kind_display()} {amount_text(row.amount.amount, row.currency, signed=True)}, "
            f"{row.created_at:%Y-%m-%d}"
        ),
    ),
    LookUp(
        Document,
        "description",
        _document,
        _document_begun,
        OF_WALLET,
        "wallet.account",
        facts=lambda row: (
            f"{row.get_kind_display()}, {amount_text(row.total.amount, row.currency)}, {row.issued_on:%Y-%m-%d}"
        ),
    ),
    LookUp(
        Coupon,
        "confirmation_number",
        _coupon,
        _coupon_begun,
        ("batch__product",),
        facts=lambda row: f"{row.batch}, {row.batch.product}, redeemed {row.redeemed} of {row.limit}",
    ),
    LookUp(
        CouponBatch, "sell", begun=lambda term: _batches(term), related=("product",), facts=lambda row: str(row.product)
    ),
    LookUp(AuditExport, "lab_profile", _export, related=OF_WALLET, account="wallet.account"),
    LookUp(
        Delivery,
        "outgoing_mail",
        _delivery,
        related=("account__product",),
        account="account",
        title=lambda row: row.subject or row.recipient,
        facts=lambda row: f"{row.get_status_display()}, {row.created_at:%Y-%m-%d %H:%M}",
        kind="Message",
    ),
    LookUp(Notice, "campaign", _notice, related=("account__product",), account="account"),
)


def _batches(term: Term) -> list[Rows]:
    """Offers by their name: there are few of them."""
    return [CouponBatch.objects.filter(name__icontains=term.text).order_by("-pk")] if len(term.text) >= 3 else []

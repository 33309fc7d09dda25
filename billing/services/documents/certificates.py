"""Completion certificates (aipbx.md, 'Organizations'): per organization and month, what calls used of what it paid.

Issued once, after the month has ended on the account's calendar and a grace has passed; usage that is reversed later
is credited on the certificate of its month. What certificates state, less their credit notes, is at any time what
`billing.selectors.paid_usage` counts up to the last certified month, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing.documents.content import Line, Tax
from billing.models import Document, DocumentKind, Issuer, TransactionKind, Wallet
from billing.selectors.paid_usage import DEBT, Buyer, Month, PaidUsage, paid_usage
from billing.services.documents.credit_notes import PARTIES, Credit, credit, left_of
from billing.services.documents.draft import Draft
from billing.services.documents.issuing import issue
from billing.services.documents.parties import document_language
from billing.services.documents.receipts import receipts_missing
from billing.services.documents.shares import ZERO, capped, shared
from billing.services.locking import lock_wallets
from organizations.database import run
from organizations.models import Organization

GRACE = timedelta(hours=24)
# Who has something to certify or to credit: movements of months that are over, or reversals since the last document.
DUE = """
WITH buyers AS (
  SELECT r.wallet_id, r.organization_id, r.issuer_id, r.currency,
         (SELECT max(c.supplied_until) FROM billing_document c
           WHERE c.wallet_id = r.wallet_id AND c.organization_id = r.organization_id AND c.issuer_id = r.issuer_id
             AND c.currency = r.currency AND c.kind = 'certificate') AS certified_until,
         (SELECT max(c.issued_at) FROM billing_document c LEFT JOIN billing_document k ON k.id = c.corrects_id
           WHERE c.wallet_id = r.wallet_id AND c.organization_id = r.organization_id AND c.issuer_id = r.issuer_id
             AND c.currency = r.currency AND 'certificate' IN (c.kind, k.kind)) AS stated_at
    FROM billing_document r JOIN billing_issuer i ON i.id = r.issuer_id AND i.issues_certificates
   WHERE r.kind = 'receipt' AND r.organization_id > %s::bigint
   GROUP BY 1, 2, 3, 4
)
SELECT b.wallet_id, b.organization_id, b.issuer_id, b.currency
  FROM buyers b JOIN billing_wallet w ON w.id = b.wallet_id JOIN organizations_account a ON a.id = w.account_id
 WHERE EXISTS (SELECT FROM billing_hourlymovement m
                WHERE m.wallet_id = b.wallet_id AND m.day > coalesce(b.certified_until, '2000-01-01')
                  AND m.day < date_trunc('month', %s::timestamptz AT TIME ZONE a.timezone))
    OR EXISTS (SELECT FROM billing_hourlymovement m
                WHERE m.wallet_id = b.wallet_id AND m.kind = 'void' AND m.last_at > b.stated_at)
 ORDER BY b.organization_id LIMIT %s::int
"""


def due_buyers(*, after: int, limit: int) -> list[Buyer]:
    """Those who may have something to be certified or credited, by organization, past this one's id."""
    (rows,) = run((DUE, [after, timezone.now() - GRACE, limit]))
    return [Buyer(*row) for row in rows]


def certify(buyer: Buyer) -> list[Document]:
    """Credit what was reversed of certified months, then certify the months that are over; what was issued.

    Nothing while a payment of the organization waits for its receipt: what it paid would be missing.
    """
    with transaction.atomic():
        run(lock_wallets([buyer.wallet_id]))
        if receipts_missing(wallet_id=buyer.wallet_id, organization_id=buyer.organization_id):
            return []
        now = timezone.now()
        certified = list(_certificates(buyer))
        notes = Document.objects.filter(corrects__in=certified, kind=DocumentKind.CREDIT_NOTE)
        stated_at = max((each.issued_at for each in (*certified, *notes)), default=None)
        usage = paid_usage(buyer, at=now, since=stated_at)
        return [*_credit_reversals(certified, usage, now), *_certify_months(buyer, certified, usage, now)]


def _certificates(buyer: Buyer) -> QuerySet[Document]:
    issued = Document.objects.filter(wallet_id=buyer.wallet_id, organization_id=buyer.organization_id)
    of_issuer = issued.filter(issuer_id=buyer.issuer_id, currency=buyer.currency, kind=DocumentKind.CERTIFICATE)
    return of_issuer.select_related(*PARTIES).order_by("supplied_from")


def _credit_reversals(certified: list[Document], usage: PaidUsage, now: datetime) -> Iterator[Document]:
    """Credit notes for what the ledger has less of than the certificates state, on the months that were reversed."""
    if not certified:
        return
    stated = [left_of(each) for each in certified]
    nets, taxes = [net for net, _tax in stated], [tax for _net, tax in stated]
    net, tax = usage.through(_month(certified[-1]))
    if sum(nets) == net and sum(taxes) == tax:
        return
    reversed_by_month = [usage.reversed[_month(each)] for each in certified]
    nets = capped(shared(sum(nets, ZERO) - net, reversed_by_month), nets)
    taxes = capped(shared(sum(taxes, ZERO) - tax, reversed_by_month), taxes)
    for document, net, tax in zip(certified, nets, taxes, strict=True):
        if net + tax > 0:
            yield credit(document, _reversal(document, net, tax, now))


def _reversal(document: Document, net: Decimal, tax: Decimal, now: datetime) -> Credit:
    with translation.override(document.language):
        reason = _("Usage of the period was reversed.")
    return Credit(
        key=f"reversed:{document.pk}:{document.corrections.count() + 1}",
        net=net,
        tax=tax,
        at=now,
        reason=reason,
        supplied_from=document.supplied_from,
        supplied_until=document.supplied_until,
    )


def _certify_months(buyer: Buyer, certified: list[Document], usage: PaidUsage, now: datetime) -> Iterator[Document]:
    """The certificates of the months that are over on the account's calendar and have none yet, oldest first."""
    wallet = Wallet.objects.select_related("account__product").get(pk=buyer.wallet_id)
    ended = (now - GRACE).astimezone(ZoneInfo(wallet.account.timezone)).date().replace(day=1)
    last = _month(certified[-1]) if certified else date.min
    issuer = Issuer.objects.get(pk=buyer.issuer_id)
    organization = Organization.objects.get(pk=buyer.organization_id)
    stated = usage.through(last)
    for month in usage.months:
        if not last < month < ended:
            continue
        upto = usage.through(month)
        net, tax = upto[0] - stated[0], upto[1] - stated[1]
        if net + tax > 0:
            language = document_language(wallet.account, issuer)
            with translation.override(language):
                lines = _lines(usage.month(month), net, wallet.account.product.name)
            yield issue(
                Draft(
                    kind=DocumentKind.CERTIFICATE,
                    key=f"certificate:{organization.pk}:{issuer.pk}:{buyer.currency}:{month:%Y-%m}",
                    wallet=wallet,
                    issuer=issuer,
                    organization=organization,
                    currency=buyer.currency,
                    lines=lines,
                    taxes=_taxes(usage.month(month), net, tax),
                    treatment=_treatment(usage.month(month)),
                    language=language,
                    at=now,
                    supplied_from=month,
                    supplied_until=_last_day(month),
                )
            )
        stated = upto


def _lines(month: Month, net: Decimal, product: str) -> tuple[Line, ...]:
    """The month's usage by kind, in the active language."""
    words = {
        TransactionKind.CALL.value: _("Calls answered by assistants, %(product)s"),
        TransactionKind.CHAT.value: _("Chats answered by assistants, %(product)s"),
        TransactionKind.CRAWL.value: _("Websites read by the crawler, %(product)s"),
        TransactionKind.LLM.value: _("Requests to language models, %(product)s"),
        DEBT: _("Usage beyond the balance, paid by a later top-up, %(product)s"),
    }
    used = {kind: amount for kind, amount in month.net.items() if amount > 0}
    amounts = shared(net, list(used.values()))
    return tuple(
        Line(words[kind] % {"product": product}, amount) for kind, amount in zip(used, amounts, strict=True) if amount
    )


def _taxes(month: Month, net: Decimal, tax: Decimal) -> tuple[Tax, ...]:
    """Each tax over what of the month it is on; a payment's taxes share its base."""
    parts = dict(zip(month.bases, shared(net, list(month.bases.values())), strict=True))
    amounts = dict(zip(month.taxes, shared(tax, list(month.taxes.values())), strict=True))
    return tuple(
        Tax(name[0], Decimal(name[1]), sum((part for taxes, part in parts.items() if name in taxes), ZERO), amount)
        for name, amount in amounts.items()
    )


def _treatment(month: Month) -> str:
    """The tax rule, where all of the month's money came under one."""
    return min(month.treatments) if len(month.treatments) == 1 else ""


def _month(certificate: Document) -> date:
    assert certificate.supplied_from is not None
    return certificate.supplied_from


def _last_day(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)

"""One call with everything that explains its charge: card version, hold, transaction, where the money came from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404

from billing.models import GrantKind, Hold, Transaction, Transfer
from billing.models.ledger import KINDS_PER_WALLET, LedgerAccountKind
from organizations.tenancy import Tenant
from usage.charge_keys import reversal_key
from usage.models import ChargeRevision, Rate, UsageEvent

SPENDABLE = {
    LedgerAccountKind.PAID.value: GrantKind.PAID,
    LedgerAccountKind.PROMO.value: GrantKind.PROMO,
    LedgerAccountKind.ALLOTMENT.value: GrantKind.ALLOTMENT,
}


@dataclass(frozen=True, slots=True)
class PaidFrom:
    """How much of a charge came from which kind of credit; `kind` None: from no grant, it is owed."""

    kind: GrantKind | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CallDetail:
    """One usage event and what belongs to it."""

    event: UsageEvent
    hold: Hold | None
    transaction: Transaction | None
    reversal: Transaction | None
    paid_from: list[PaidFrom]
    revisions: list[ChargeRevision]
    """What it was charged before each correction, oldest first."""
    methods: dict[str, str]
    """How each component of the card version is priced (`usage.models.Rate.Method`)."""


def call_detail(tenant: Tenant, event_id: int) -> CallDetail:
    """The tenant's event with this id. Raises Http404 where it has none such."""
    event = (
        tenant.rows(UsageEvent)
        .select_related("version__card", "project", "transaction", "service")
        .filter(pk=event_id)
        .first()
    )
    if event is None:
        raise Http404
    hold = tenant.rows(Hold).filter(pk=event.hold_id).first() if event.hold_id else None
    reversal = None
    if event.status == UsageEvent.Status.VOID and event.transaction is not None:
        reversal = tenant.rows(Transaction).filter(key=reversal_key(event.transaction.key)).first()
    return CallDetail(
        event=event,
        hold=hold,
        transaction=event.transaction,
        reversal=reversal,
        paid_from=_paid_from(tenant, event.transaction_id) if event.transaction_id else [],
        revisions=list(ChargeRevision.objects.filter(event=event).order_by("id")),
        methods=dict(
            Rate.objects.filter(version_id=event.version_id).order_by().values_list("component", "method").distinct()
        ),
    )


def _paid_from(tenant: Tenant, transaction_id: int) -> list[PaidFrom]:
    """The transaction's transfers, one sum per kind of credit, in the order they were drawn."""
    sums: dict[GrantKind | None, Decimal] = {}
    for transfer in tenant.rows(Transfer).filter(transaction_id=transaction_id).order_by("id"):
        kind = SPENDABLE.get(transfer.source_id % KINDS_PER_WALLET)
        sums[kind] = sums.get(kind, Decimal(0)) + transfer.amount.amount
    return [PaidFrom(kind, amount) for kind, amount in sums.items()]

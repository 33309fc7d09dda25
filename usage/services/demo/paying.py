"""How a demo account pays: by bank transfers that staff recorded, each with its receipt; and its other documents.

Whatever its product offers customers, an operator can take a transfer: it asks no provider, so that nobody's books miss
a payment that was made up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.models import Issuer, Payment, PaymentProvider, TopUpTerms
from billing.selectors.paid_usage import Buyer
from billing.selectors.prices import quote
from billing.services import bank, refunds, top_ups
from billing.services.documents.certificates import certify
from billing.services.documents.money_back import credit_refund
from billing.services.documents.proformas import issue_proforma
from billing.services.documents.receipts import issue_receipt
from organizations.models import Account, Organization

REFUNDED = Decimal("0.1")  # of the last payment, so that there is a credit note to look at


def issuer_since(account: Account, moment: datetime) -> None:
    """Have the product's issuer be older than what the account is about to live through."""
    Issuer.objects.filter(products__product=account.product, created_at__gt=moment).update(
        created_at=moment - timedelta(days=1)
    )


def pay_in(*, account: Account, amount: Decimal) -> Payment:
    """A top-up that came by bank transfer, for the default organization, and its receipt."""
    now = timezone.now()
    organization = _organization(account)
    terms = TopUpTerms.objects.get(product=account.product)
    price = quote(account=account, amount=amount, provider=terms.providers[0], organization=organization, at=now)
    top_up = top_ups.new_top_up(
        wallet_id=account.wallet.pk,
        price=replace(
            price,
            provider=PaymentProvider.BANK.value,
            charge_currency=price.price_currency,
            charge_amount=price.total,
            exchange_rate=None,
        ),
        at=now,
        organization_id=organization.pk if organization else None,
    )
    payment = bank.record_transfer(
        top_up_id=top_up.pk,
        amount=price.total,
        received_on=now.date(),
        bank_reference=f"DEMO{top_up.pk:04d}",
        user_id=None,
    )
    issue_receipt(payment_id=payment.pk)
    return payment


def leave_documents(*, account: Account, amount: Decimal) -> None:
    """What an accountant finds besides receipts: last month's certificate, a credit note and an invoice to pay.

    Each where the product has it: certificates, refunds, top-ups by bank transfer for organizations.
    """
    organization = _organization(account)
    payments = list(Payment.objects.filter(wallet=account.wallet).select_related("wallet").order_by("id"))
    issuer = Issuer.objects.filter(products__product=account.product).first()
    if organization is None or not payments or issuer is None:
        return
    if issuer.issues_certificates:
        certify(Buyer(account.wallet.pk, organization.pk, issuer.pk, str(payments[0].price_currency)))
    last = payments[-1]
    refund = refunds.refund_payment(
        payment_id=last.pk, amount=_part(last), reason="Paid twice by mistake.", user_id=None
    )
    refunds.mark_sent(refund_id=refund.pk, bank_reference=f"DEMO-R{refund.pk}")
    credit_refund(refund_id=refund.pk)
    if PaymentProvider.BANK.value in TopUpTerms.objects.get(product=account.product).providers:
        owner = account.members.order_by("pk").first()
        assert owner is not None
        top_up = top_ups.start(
            wallet_id=account.wallet.pk,
            amount=amount,
            provider=PaymentProvider.BANK.value,
            organization_id=organization.pk,
            saves_card=False,
            user_id=owner.pk,
        )
        top_ups.submit(top_up_id=top_up.pk)
        issue_proforma(top_up_id=top_up.pk)


def _organization(account: Account) -> Organization | None:
    return account.organizations.filter(is_default=True).first()


def _part(payment: Payment) -> Decimal:
    return Decimal(payment.amount.amount * REFUNDED).quantize(Decimal(1))

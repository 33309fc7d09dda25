"""What one provider's comparison keeps count of, and the checks of a single payment that both ways of comparing use."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.models import DifferenceKind, Payment, PaymentDifference, ReconciliationRun
from billing.providers import provider as provider_called
from billing.providers.base import PaymentFacts, Provider
from billing.services.reconciliation.differences import note_difference

MODE = {True: "real money", False: "test money"}


@dataclass
class Comparison:
    """One provider in one run. `looked_at` are the provider's names of what was compared."""

    run: ReconciliationRun
    slug: str
    looked_at: set[str] = field(default_factory=set)

    @property
    def provider(self) -> Provider:
        """The provider."""
        return provider_called(self.slug)

    def look_at(self, reference: str) -> None:
        """Count one object, and show from time to time how far the run has come."""
        self.looked_at.add(reference)
        self.run.compared += 1
        if self.run.compared % 100 == 0:
            self.run.save(update_fields=["compared", "settled"])

    def settled(self) -> None:
        """Count something that a lost notice had left open."""
        self.run.settled += 1

    def note(self, kind: DifferenceKind, reference: str, wallet_id: int | None, expected: str, found: str) -> None:
        """Note a difference with this provider."""
        note_difference(
            provider=self.slug, kind=kind, reference=reference, wallet_id=wallet_id, expected=expected, found=found
        )

    def is_noted(self, reference: str) -> bool:
        """Whether this run has noted something of this object already, such as the amount that kept it from credit."""
        noted = PaymentDifference.objects.filter(provider=self.slug, reference=reference)
        return noted.filter(last_seen_at__gte=self.run.started_at).exists()

    def compare_payment(self, payment: Payment, facts: PaymentFacts) -> None:
        """Our payment against the provider's: account, amount, currency and mode."""
        account_id = payment.wallet.account_id
        expected = f"{payment.charge_amount.amount:f} {payment.charge_currency}"
        found = f"{facts.amount} {facts.currency}"
        differences = (
            (DifferenceKind.WRONG_CURRENCY, str(payment.charge_currency) != facts.currency, expected, found),
            (DifferenceKind.WRONG_AMOUNT, payment.charge_amount.amount != facts.amount, expected, found),
            (DifferenceKind.WRONG_MODE, payment.is_live != facts.is_live, MODE[payment.is_live], MODE[facts.is_live]),
            (
                DifferenceKind.WRONG_ACCOUNT,
                facts.account_id not in (None, account_id),
                f"account {account_id}",
                f"account {facts.account_id}",
            ),
        )
        for kind, is_so, ours, theirs in differences:
            if is_so:
                self.note(kind, payment.reference, payment.wallet_id, f"{ours} (payment {payment.pk})", theirs)

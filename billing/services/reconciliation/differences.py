"""Differences between a provider's books and ours: noted once, kept open until they vanish or staff explain them.

Money that does not match is never credited; what was found is noted here, in the transaction that refused it.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import DifferenceKind, PaymentDifference
from notifications.services.staff_mail import Letter, tell_staff

EXPLANATION_LENGTH = 500
TEXT_LENGTH = 255


def note_difference(
    *, provider: str, kind: DifferenceKind | str, reference: str, wallet_id: int | None, expected: str, found: str
) -> PaymentDifference:
    """Write down that the provider's object `reference` is not as it should be; `expected` and `found` say how.

    One row per provider, kind and reference. One that had vanished opens again; one that staff explained stays closed.
    Staff are told by e-mail once.
    """
    now = timezone.now()
    with transaction.atomic():
        PaymentDifference.objects.bulk_create(
            [
                PaymentDifference(
                    provider=provider,
                    kind=DifferenceKind(kind),
                    reference=reference,
                    wallet_id=wallet_id,
                    expected=expected[:TEXT_LENGTH],
                    found=found[:TEXT_LENGTH],
                    first_seen_at=now,
                    last_seen_at=now,
                )
            ],
            update_conflicts=True,
            unique_fields=["provider", "kind", "reference"],
            update_fields=["wallet", "expected", "found", "last_seen_at"],
        )
        rows = PaymentDifference.objects.filter(provider=provider, kind=kind, reference=reference)
        rows.filter(explanation="", closed_at__isnull=False).update(closed_at=None)
        difference = rows.get()
        tell_staff(key=f"difference:{difference.pk}", write=lambda: _letter(difference))
    return difference


def _letter(difference: PaymentDifference) -> Letter:
    return Letter(
        f"Payment difference: {difference}",
        f"{difference}\nProvider: {difference.get_provider_display()}\nExpected: {difference.expected}\n"
        f"Found: {difference.found}\n\nIt stays on the list of differences until it vanishes or is explained.",
    )


def explain(*, difference_id: int, explanation: str, user_id: int | None) -> PaymentDifference:
    """Close a difference with staff's words. Raises ValidationError without any; one that is explained stays so."""
    text = explanation.strip()
    if not text:
        raise ValidationError({"explanation": _("Say what happened and how it was settled.")})
    if len(text) > EXPLANATION_LENGTH:
        raise ValidationError({"explanation": _("At most %(most)s characters.") % {"most": EXPLANATION_LENGTH}})
    with transaction.atomic():
        difference = PaymentDifference.objects.select_for_update().get(pk=difference_id)
        if not difference.explanation:
            difference.explanation = text
            difference.explained_by_id = user_id
            difference.closed_at = timezone.now()
            difference.save(update_fields=["explanation", "explained_by", "closed_at"])
    return difference

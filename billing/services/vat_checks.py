"""Asking the Union's register about VAT numbers: noted, asked by a worker, kept, and asked again.

A number is noted when an organization gets it (`number_changed`), or by the sweep that finds those that nobody told of.
Asking never holds anybody up: until there is an answer, form and check digits decide (`billing.selectors.vat_checks`).
An answer holds for a quarter of a year, then the question is a new row; one without an answer is asked again soon.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from billing.models import Issuer, VatCheck, VatCheckState
from billing.providers.base import ProviderUnavailableError
from billing.providers.registers import register
from billing.selectors.vat_checks import ANSWERED, vat_number_of
from billing.services.doorbells import ring
from organizations.identifiers import EU
from organizations.models import Organization

HOLDS_FOR = timedelta(days=91)
PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
BATCH = 20
NEW_AT_ONCE = 500
TEXT_MAX, NOTE_MAX, CONSULTATION_MAX = 255, 255, 64


def number_changed(organization: Organization) -> None:
    """Have a worker ask after the commit: the organization is new, or its details were saved."""
    if organization.country in EU and settings.VAT_REGISTER:
        ring("billing.check_vat_number", organization.pk)


def check(*, organization_id: int) -> VatCheck | None:
    """Ask about the organization's number, if that is due; the check as it stands then, None where there is none."""
    organization = Organization.objects.filter(pk=organization_id).first()
    if organization is None or not register():
        return None
    _note(organization)
    for check_id in _claim(organization_id=organization_id):
        _ask(check_id)
    return VatCheck.objects.filter(organization_id=organization_id, number=organization.tax_id).first()


def check_due() -> int:
    """Ask about every number that is new or due again, some at a time; returns how many were answered."""
    if not register():
        return 0
    noted = VatCheck.objects.filter(organization_id=OuterRef("pk"), number=OuterRef("tax_id"))
    new = Organization.objects.filter(~Exists(noted), country__in=EU).exclude(tax_id="").order_by("id")
    for organization in new[:NEW_AT_ONCE]:
        _note(organization)
    answered = 0
    while claimed := _claim():
        heard = sum(_ask(check_id) for check_id in claimed)
        answered += heard
        if not heard:  # it is down: the others wait for the next sweep
            break
    return answered


def ask_again(*, organization_id: int) -> None:
    """Have a worker ask now, whatever is known: staff's wish."""
    VatCheck.objects.filter(organization_id=organization_id, next_check_at__isnull=False).update(
        next_check_at=timezone.now()
    )
    ring("billing.check_vat_number", organization_id)


def _note(organization: Organization) -> None:
    """Open the question about a number that nobody has asked about; one that cannot be right is not asked about."""
    if organization.country not in EU or not organization.tax_id:
        return
    now = timezone.now()
    is_sound = bool(vat_number_of(organization))
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        known = VatCheck.objects.filter(organization=organization, number=organization.tax_id)
        if known.filter(next_check_at__isnull=False).exists() or (not is_sound and known.exists()):
            return
        VatCheck.objects.create(
            organization=organization,
            number=organization.tax_id,
            state=VatCheckState.UNAVAILABLE if is_sound else VatCheckState.INVALID,
            note="" if is_sound else "Not asked: not a VAT number of this country.",
            checked_at=now,
            next_check_at=now if is_sound else None,
        )


def _claim(*, organization_id: int | None = None) -> list[int]:
    """Take the questions that are due; nobody else asks them until their pause is over."""
    now = timezone.now()
    due = VatCheck.objects.filter(next_check_at__lte=now).select_related("organization").order_by("next_check_at")
    if organization_id is not None:
        due = due.filter(organization_id=organization_id)
    claimed = []
    with transaction.atomic():
        for row in due.select_for_update(of=("self",), skip_locked=True)[:BATCH]:
            is_answered = row.state in ANSWERED
            if is_answered or row.organization.tax_id != row.number:
                VatCheck.objects.filter(pk=row.pk).update(next_check_at=None)
            if row.organization.tax_id != row.number:
                continue
            if is_answered:
                row = VatCheck(organization=row.organization, number=row.number, state=VatCheckState.UNAVAILABLE)
            row.checked_at, row.next_check_at = now, now + PAUSES[min(row.failures, len(PAUSES) - 1)]
            row.failures = min(row.failures + 1, 1000)
            row.save()
            claimed.append(row.pk)
    return claimed


def _ask(check_id: int) -> bool:
    """Ask, outside any transaction, and keep what came; whether there was an answer."""
    ask = register()
    row = VatCheck.objects.select_related("organization").get(pk=check_id)
    if ask is None:
        return False
    kept = VatCheck.objects.filter(pk=check_id, state=VatCheckState.UNAVAILABLE)
    try:
        answer = ask(row.number, asked_by=_asker(row.organization))
    except ProviderUnavailableError as error:
        kept.update(note=str(error)[:NOTE_MAX])
        return False
    now = timezone.now()
    return bool(
        kept.update(
            state=VatCheckState.VALID if answer.is_valid else VatCheckState.INVALID,
            name=answer.name[:TEXT_MAX],
            address=answer.address,
            consultation_number=answer.consultation_number[:CONSULTATION_MAX],
            failures=0,
            note="",
            raw=answer.raw,
            checked_at=now,
            next_check_at=now + HOLDS_FOR,
        )
    )


def _asker(organization: Organization) -> str:
    """The VAT number of the issuer that sells to the organization: with it the register gives a proof."""
    issuer = Issuer.objects.filter(products__product_id=organization.account.product_id, country__in=EU).first()
    return issuer.tax_id if issuer is not None else ""

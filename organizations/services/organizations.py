"""Organizations of an account: added, changed, made the default and removed by its members (aipbx.md, 'Organizations').

An account with organizations has exactly one default: the first one, until another is chosen. Writers of one account's
organizations wait for each other. What a payment or a document names is kept. Whoever looks tax IDs up is told of new
details (`on_saved`), in the transaction that brings them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import PROTECT, ForeignKey, ProtectedError
from django.utils.translation import gettext as _

from organizations.identifiers import Identifiers, checked
from organizations.models import Organization
from organizations.services.accounts import country_codes, lock_account

ORGANIZATIONS_MAX = 100  # of one account: every form that offers them lists them all
REQUIRED = ("name", "tax_id")
IDENTIFIERS = ("region", "tax_id", "tax_registration_code", "bank_account", "bank_code")

log = logging.getLogger(__name__)
_listeners: list[Callable[[Organization], None]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What stands on documents."""

    name: str = ""
    country: str = ""
    region: str = ""
    tax_id: str = ""
    tax_registration_code: str = ""
    legal_address: str = ""
    bank_account: str = ""
    bank_code: str = ""
    email: str = ""


FIELDS = tuple(each.name for each in fields(Details))


@dataclass(frozen=True, slots=True)
class Check:
    """The details as they would be kept, what forbids that, and what should be looked at once more, by field."""

    details: Details
    errors: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)


def on_saved(listener: Callable[[Organization], None]) -> None:
    """Have an app above told, in the transaction, of an organization that is new or has new details."""
    if listener not in _listeners:
        _listeners.append(listener)


def details_of(organization: Organization) -> Details:
    """The details that an organization has."""
    return Details(**{name: getattr(organization, name) for name in FIELDS})


def check(*, account_id: int, details: Details, organization: Organization | None = None) -> Check:
    """Look at the details of a new organization, or at new ones of `organization`.

    An identifier that the organization has already, in the same country, is not looked at again.
    """
    tidy = Details(**{name: _tidy(getattr(details, name)) for name in FIELDS})
    tidy = replace(tidy, country=tidy.country.upper(), region=tidy.region.upper())
    found = checked(Identifiers(tidy.country, **{name: getattr(tidy, name) for name in IDENTIFIERS}))
    tidy = replace(tidy, **{name: getattr(found, name) for name in IDENTIFIERS})
    errors, warnings = found.errors, found.warnings
    if organization is not None and organization.country == tidy.country:
        same = {name for name in IDENTIFIERS if getattr(organization, name) == getattr(tidy, name)}
        pair = {"bank_account", "bank_code"}
        kept = same if pair <= same else same - {"bank_account"}
        errors = {name: words for name, words in errors.items() if name not in same}
        warnings = {name: words for name, words in warnings.items() if name not in kept}
    errors = {**errors, **_plain_errors(tidy)}
    twin = Organization.objects.filter(
        account_id=account_id, tax_id=tidy.tax_id, tax_registration_code=tidy.tax_registration_code
    )
    if organization is not None:
        twin = twin.exclude(pk=organization.pk)
    other = twin.first() if tidy.tax_id else None
    if other is not None and (organization is None or organization.tax_id != tidy.tax_id):
        warnings["tax_id"] = _("%(name)s has it already. Save it if this is another organization.") % {"name": other}
    return Check(tidy, errors, {name: words for name, words in warnings.items() if name not in errors})


def add(*, account_id: int, details: Details, user_id: int) -> Organization:
    """Add an organization; the first is the default. Raises ValidationError by field; warnings do not stop it."""
    with transaction.atomic():
        lock_account(account_id)
        own = Organization.objects.filter(account_id=account_id)
        if own.count() >= ORGANIZATIONS_MAX:
            raise ValidationError(
                {"name": _("An account has at most %(most)s organizations.") % {"most": ORGANIZATIONS_MAX}}
            )
        values = _values(check(account_id=account_id, details=details))
        is_first = not own.filter(is_default=True).exists()
        organization = Organization.objects.create(account_id=account_id, is_default=is_first, **values)
        _tell(organization)
    log.info("User %s added organization %s to account %s", user_id, organization.pk, account_id)
    return organization


def change(*, account_id: int, organization_id: int, details: Details, user_id: int) -> Organization:
    """Change the details. Raises ValidationError by field and Organization.DoesNotExist."""
    with transaction.atomic():
        lock_account(account_id)
        organization = Organization.objects.get(account_id=account_id, pk=organization_id)
        values = _values(check(account_id=account_id, details=details, organization=organization))
        for name, value in values.items():
            setattr(organization, name, value)
        organization.save(update_fields=list(values))
        _tell(organization)
    log.info("User %s changed organization %s of account %s", user_id, organization_id, account_id)
    return organization


def make_default(*, account_id: int, organization_id: int, user_id: int) -> Organization:
    """Choose the organization first when somebody pays. Raises Organization.DoesNotExist."""
    with transaction.atomic():
        lock_account(account_id)
        organization = Organization.objects.get(account_id=account_id, pk=organization_id)
        _set_default(organization)
    log.info("User %s made organization %s the default of account %s", user_id, organization_id, account_id)
    return organization


def ensure_default(*, account_id: int, organization_id: int, user_id: int) -> None:
    """Make the organization the default where the account has none. Raises Organization.DoesNotExist."""
    if not Organization.objects.filter(account_id=account_id, is_default=True).exists():
        make_default(account_id=account_id, organization_id=organization_id, user_id=user_id)


def remove(*, account_id: int, organization_id: int, user_id: int) -> None:
    """Remove an organization that nothing names; the oldest of the others takes a default's place.

    Raises ValidationError for one that is in use, Organization.DoesNotExist for one that is not there.
    """
    with transaction.atomic():
        lock_account(account_id)
        organization = Organization.objects.select_for_update().get(account_id=account_id, pk=organization_id)
        try:
            organization.delete()
        except ProtectedError as error:
            raise ValidationError(
                _("%(name)s stands on payments or documents and is kept.") % {"name": organization}
            ) from error
        heir = Organization.objects.filter(account_id=account_id).order_by("id").first()
        if organization.is_default and heir is not None:
            _set_default(heir)
    log.info("User %s removed organization %s of account %s", user_id, organization_id, account_id)


def is_in_use(organization: Organization) -> bool:
    """Whether a payment or a document names it, which keeps it from being removed."""
    for relation in organization._meta.related_objects:
        if relation.on_delete is PROTECT and isinstance(relation.field, ForeignKey):
            named = relation.related_model._default_manager.filter(**{relation.field.name: organization})
            if named.exists():
                return True
    return False


def _tell(organization: Organization) -> None:
    for listener in _listeners:
        listener(organization)


def _set_default(organization: Organization) -> None:
    Organization.objects.filter(account_id=organization.account_id, is_default=True).update(is_default=False)
    Organization.objects.filter(pk=organization.pk).update(is_default=True)


def _values(found: Check) -> dict[str, str]:
    if found.errors:
        raise ValidationError({name: [words] for name, words in found.errors.items()})
    return {name: getattr(found.details, name) for name in FIELDS}


def _tidy(text: str) -> str:
    """One line without what cannot be printed."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _plain_errors(details: Details) -> dict[str, str]:
    """What is wrong in every country."""
    errors = {}
    for name in FIELDS:
        most = getattr(Organization._meta.get_field(name), "max_length", None)
        if name in REQUIRED and not getattr(details, name):
            errors[name] = _("Enter the name.") if name == "name" else _("Enter the tax ID.")
        elif most is not None and len(getattr(details, name)) > most:
            errors[name] = _("Write at most %(most)s characters.") % {"most": most}
    if details.country and details.country not in country_codes():
        errors["country"] = _("Choose a country from the list.")
    if details.email and "email" not in errors:
        try:
            validate_email(details.email)
        except ValidationError:
            errors["email"] = _("This is no e-mail address. Write it like accounting@example.com.")
    return errors

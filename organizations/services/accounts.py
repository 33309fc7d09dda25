"""Accounts and their projects come into being, and owners change what an account is called and where it lives.

An account that exists is never changed by a second sign-up: its identifier is unique within its product, and the insert
decides who is first, so that two services of one product that sign the same customer up at once make one account.
A new timezone is told to whoever keeps days by it (`on_new_timezone`), a new status to whoever lets calls start
(`on_new_status`), in the transaction that brings it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from organizations.models import Account, Mode, Product, Project

DEFAULT_PROJECT = "default"
# Files that stand among the time zones and are none.
NOT_TIMEZONES = frozenset({"Factory", "localtime", "posixrules"})
# Codes that Unicode lists among the territories but ISO 3166 gives to no country.
NOT_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})

# Unseen between letters, and right there in Hindi and Persian names.
JOINERS = re.compile("[\u200c\u200d]")

_timezone_listeners: list[Callable[[Account], None]] = []
_status_listeners: list[Callable[[Account], None]] = []

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """A project to be made; without a name it is called by its identifier, without a mode it gets the product's."""

    external_id: str
    name: str = ""
    mode: str | None = None


@cache
def timezones() -> frozenset[str]:
    """The names of the time zones that an account may live in."""
    return frozenset(available_timezones() - NOT_TIMEZONES)


@cache
def country_codes() -> frozenset[str]:
    """ISO 3166 codes of two letters."""
    codes = [str(code) for code in Locale("en").territories]
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - NOT_COUNTRIES


def create_account(
    *,
    product: Product,
    external_id: str,
    name: str,
    email: str,
    country: str,
    timezone: str,
    projects: Sequence[ProjectSpec],
) -> tuple[Account, bool]:
    """The product's account with this identifier, and whether it is new.

    A new one without a timezone gets the product's, without projects one named "default". One that exists keeps name,
    address and everything else; only projects that it does not have yet are added. No wallet is made here. Raises
    ValidationError (by field) for an unknown timezone, country or mode.
    """
    _check(country, timezone, projects)
    with transaction.atomic():
        account, is_new = Account.objects.get_or_create(
            product=product,
            external_id=external_id,
            defaults={
                "name": name or external_id,
                "email": email.strip().lower(),
                "country": country,
                "timezone": timezone or product.timezone,
            },
        )
        if is_new and not projects:
            projects = [ProjectSpec(DEFAULT_PROJECT, "Default")]
        Project.objects.bulk_create(
            [
                Project(
                    account=account,
                    external_id=spec.external_id,
                    name=spec.name or spec.external_id,
                    mode=spec.mode or product.default_project_mode,
                )
                for spec in projects
            ],
            ignore_conflicts=True,
        )
    return account, is_new


def on_new_timezone(listener: Callable[[Account], None]) -> None:
    """Have an app above told, in the transaction, of an account that is locked and has another timezone now."""
    if listener not in _timezone_listeners:
        _timezone_listeners.append(listener)


def on_new_status(listener: Callable[[Account], None]) -> None:
    """Have an app above told, in the transaction, of an account that is locked and was suspended or reactivated."""
    if listener not in _status_listeners:
        _status_listeners.append(listener)


def set_status(*, account_id: int, status: Account.Status) -> bool:
    """Suspend an account, so that no call starts, or reactivate it; says whether that changed anything.

    Raises Account.DoesNotExist.
    """
    with transaction.atomic():
        account = lock_account(account_id)
        if account.status == status:
            return False
        account.status = status
        account.save(update_fields=["status"])
        for listener in _status_listeners:
            listener(account)
    return True


def change_account(*, account_id: int, name: str, timezone: str, language: str, user_id: int | None) -> bool:
    """Change how the account is called, its timezone and its language ("" follows the reader); says whether it did.

    Raises ValidationError by field, Account.DoesNotExist.
    """
    name = _checked(name, timezone, language)
    with transaction.atomic():
        account = lock_account(account_id)
        before = (account.name, account.timezone, account.language)
        if before == (name, timezone, language):
            return False
        account.name, account.timezone, account.language = name, timezone, language
        account.save(update_fields=["name", "timezone", "language"])
        if timezone != before[1]:
            for listener in _timezone_listeners:
                listener(account)
    log.info("User %s changed account %s from %s to %s", user_id, account_id, before, (name, timezone, language))
    return True


def lock_account(account_id: int) -> Account:
    """The account, locked until the transaction ends: writers of its members and settings wait for each other.

    Charges do not wait: the lock leaves foreign keys alone. Raises Account.DoesNotExist.
    """
    return Account.objects.select_for_update(no_key=True).get(pk=account_id)


def account_name(text: str) -> str:
    """The name as it is kept: one line of printable letters. Raises ValidationError."""
    name = " ".join(text.split())
    if not name or not JOINERS.sub("", name).isprintable():
        raise ValidationError(_("Enter the name."))
    most = Account._meta.get_field("name").max_length
    if most is not None and len(name) > most:
        raise ValidationError(_("Write at most %(most)s characters.") % {"most": most})
    return name


def _checked(name: str, timezone: str, language: str) -> str:
    """The name as it is kept; raises ValidationError by field."""
    faults: dict[str, str] = {}
    try:
        name = account_name(name)
    except ValidationError as error:
        faults["name"] = " ".join(error.messages)
    if timezone not in timezones():
        faults["timezone"] = _("This is not the name of a time zone, such as America/New_York.")
    if language and language not in dict(settings.LANGUAGES):
        faults["language"] = _("Choose a language from the list.")
    if faults:
        raise ValidationError({field: [words] for field, words in faults.items()})
    return name


def _check(country: str, timezone: str, projects: Sequence[ProjectSpec]) -> None:
    faults: dict[str, str] = {}
    if timezone and timezone not in timezones():
        faults["timezone"] = _("This is not the name of a time zone, such as America/New_York.")
    if country and country not in country_codes():
        faults["country"] = _("This is not an ISO 3166 country code of two capital letters, such as US.")
    if any(spec.mode is not None and spec.mode not in Mode.values for spec in projects):
        faults["projects"] = _("A project's mode is sandbox or live.")
    if faults:
        raise ValidationError({name: [words] for name, words in faults.items()})

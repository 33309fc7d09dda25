"""Further addresses of an account's alerts (aipbx.md, 'Notify via email'): added, asked by letter, confirmed, removed.

Nothing but the one letter that asks goes to an address that has not confirmed, and so many of those leave an account a
day, so that nobody mails strangers through it. The letter's link works for `VALID`; the database keeps its SHA-256.
Adding and asking again are done under the account's lock.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.models import AlertAddress, Delivery
from notifications.services.deliveries import queue_email
from notifications.services.letters import first_letter
from notifications.words import Message
from organizations.languages import speaking
from organizations.models import User
from organizations.services.accounts import lock_account

ADDRESSES_MAX = 10  # of one account
LETTERS_A_DAY = 30  # of one account
VALID = timedelta(days=14)
TOKEN_BYTES = 24
SALT = "notifications.alert_address"

log = logging.getLogger(__name__)


class LinkUnusableError(Exception):
    """The link is unknown, too old, or of an address that was removed or asked again since."""


def add(*, account_id: int, email: str, user: User) -> AlertAddress:
    """Ask an address whether it wants the account's alerts.

    Raises ValidationError for what is no address, for one that is there already, and beyond `ADDRESSES_MAX`.
    """
    typed = email.strip().lower()
    with transaction.atomic():
        account = lock_account(account_id)
        _check(typed)
        addresses = AlertAddress.objects.filter(account_id=account_id)
        if addresses.filter(email=typed).exists():
            raise ValidationError(_("%(email)s is in the list already.") % {"email": typed})
        if addresses.count() >= ADDRESSES_MAX:
            words = _("%(most)s addresses are the most. Remove one that is not needed.")
            raise ValidationError(words % {"most": ADDRESSES_MAX})
        token = _new_token()
        address = AlertAddress.objects.create(
            account=account, email=typed, token_hash=_hash(token), added_by_id=user.pk
        )
        _ask(address, token, user)
    log.info("User %s added an address of alerts to account %s", user.pk, account_id)
    return address


def ask_again(*, account_id: int, address_id: int, user: User) -> AlertAddress:
    """A new letter to an address that has not confirmed, or has ended its letters; the link before it ends.

    Raises AlertAddress.DoesNotExist, also where it gets the alerts, and ValidationError beyond the day's letters.
    """
    with transaction.atomic():
        account = lock_account(account_id)
        address = AlertAddress.objects.select_for_update().get(account=account, pk=address_id)
        if address.is_told:
            raise AlertAddress.DoesNotExist
        token = _new_token()
        address.account, address.token_hash = account, _hash(token)
        address.save(update_fields=["token_hash"])
        _ask(address, token, user)
    return address


def remove(*, account_id: int, address_id: int, user: User) -> str:
    """No more alerts there; returns the address. Raises AlertAddress.DoesNotExist."""
    with transaction.atomic():
        address = AlertAddress.objects.select_for_update().get(account_id=account_id, pk=address_id)
        address.delete()
    log.info("User %s removed an address of alerts of account %s", user.pk, account_id)
    return address.email


def address_of(token: str) -> AlertAddress:
    """Whom a letter's link asks. Raises LinkUnusableError."""
    try:
        signing.TimestampSigner(salt=SALT).unsign(token, max_age=VALID)
    except signing.BadSignature as error:
        raise LinkUnusableError from error
    found = AlertAddress.objects.select_related("account__product").filter(token_hash=_hash(token)).first()
    if found is None:
        raise LinkUnusableError
    return found


def confirm(*, token: str) -> AlertAddress:
    """The address wants the alerts; saying so again changes nothing. Raises LinkUnusableError."""
    address = address_of(token)
    if not address.is_told:
        now = timezone.now()
        kept = AlertAddress.objects.filter(pk=address.pk, token_hash=address.token_hash)
        if not kept.update(confirmed_at=now, unsubscribed_at=None):
            raise LinkUnusableError
        address.confirmed_at, address.unsubscribed_at = now, None
        log.info("An address confirmed that it gets the alerts of account %s", address.account_id)
    return address


def _check(email: str) -> None:
    try:
        AlertAddress._meta.get_field("email").clean(email, None)
    except ValidationError as error:
        raise ValidationError(_fault(email)) from error


def _fault(email: str) -> str:
    """What is wrong with it, as far as can be said."""
    if "," in email or ";" in email or " " in email:
        return _("Write one address at a time, without blanks, like name@example.com.")
    name, at, domain = email.partition("@")
    if name and at and domain and "." not in domain:
        return _("“%(email)s” has no ending such as .com. Write it like name@example.com.") % {"email": email}
    return _("This is no e-mail address. Write it like name@example.com.")


def _ask(address: AlertAddress, token: str, user: User) -> None:
    """The letter that asks, in the language of the account. Raises ValidationError beyond the day's letters."""
    account = address.account
    key = f"alert-address:{account.pk}:"
    sent = Delivery.objects.filter(key__startswith=key, created_at__gt=timezone.now() - timedelta(days=1))
    if sent.count() >= LETTERS_A_DAY:
        words = _("%(most)s letters of this kind were sent within a day, and that is the most. Go on tomorrow.")
        raise ValidationError(words % {"most": LETTERS_A_DAY})
    with speaking(None, account):
        names = {
            "person": f"{user.name} ({user.email})" if user.name else user.email,
            "account": account.name,
            "product": account.product.name,
        }
        wish = _(
            "%(person)s wants the alerts of %(account)s at %(product)s to go to this address, too: a low balance, "
            "refused calls, a reached cap."
        )
        terms = ngettext(
            "The link works for %(days)s day. If you do not know who this is, nothing needs to be done: no other "
            "letter comes.",
            "The link works for %(days)s days. If you do not know who this is, nothing needs to be done: no other "
            "letter comes.",
            VALID.days,
        )
        message = Message(
            _("Confirm this address for the alerts of %(account)s") % names,
            (wish % names, terms % {"days": VALID.days}),
            action=_("Get the alerts"),
            url=f"{settings.SITE_URL}{reverse('alert_address_confirm', args=[token])}",
        )
        letter = first_letter(message, account)
    queue_email(
        key=f"{key}{address.token_hash}",
        recipient=address.email,
        subject=letter.subject,
        body=letter.text,
        html=letter.html,
    )


def _new_token() -> str:
    return signing.TimestampSigner(salt=SALT).sign(secrets.token_urlsafe(TOKEN_BYTES))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

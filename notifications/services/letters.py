"""A notice's message as a letter: text and HTML that say the same, and the link that ends such letters."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import Truncator

from notifications.models import AlertAddress, Notice
from notifications.words import Message
from organizations.models import Account, User
from organizations.tenancy import link_of_account

SALT = "notifications.unsubscribe"
SUBJECT_MAX = 255
# What each accent fills with on light and on dark, white standing on it: as in theme.css, which no letter can load.
FILLS = {
    "indigo": ("#4a43c4", "#6660dc"),
    "jade": ("#0b6b5b", "#127a69"),
    "ocean": ("#0b5ea6", "#1f70bd"),
    "plum": ("#90276e", "#ab4088"),
    "ember": ("#a3420e", "#b24e17"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent by e-mail."""

    subject: str
    text: str
    html: str
    unsubscribe_url: str


def letter_of(
    notice: Notice, message: Message, *, user: User | None, address: AlertAddress | None, is_essential: bool
) -> Letter:
    """The letter in the active language. What is essential cannot be unsubscribed from."""
    unsubscribe_url = ""
    if not is_essential and (user or address):
        unsubscribe_url = unsubscribe_link(notice, user=user, address=address)
    settings_url = link_of_account(f"{settings.SITE_URL}{reverse('notifications')}", notice.account_id)
    return _letter(
        message,
        notice.account,
        user=user,
        address=address,
        settings_url=settings_url if user else "",
        unsubscribe_url=unsubscribe_url,
    )


def first_letter(message: Message, account: Account) -> Letter:
    """A letter to somebody who gets none of this account yet, in the active language: it says itself why it comes."""
    return _letter(message, account, is_first=True)


def _letter(message: Message, account: Account, *, unsubscribe_url: str = "", **more: object) -> Letter:
    product = account.product
    fill, fill_on_dark = FILLS[product.accent]
    context = {
        "message": message,
        "account": account,
        "product": product,
        "fill": fill,
        "fill_on_dark": fill_on_dark,
        "unsubscribe_url": unsubscribe_url,
        **more,
    }
    subject = " ".join(f"{product.name}: {message.subject}".split())
    return Letter(
        Truncator(subject).chars(SUBJECT_MAX),
        render_to_string("notifications/letter.txt", context).strip() + "\n",
        render_to_string("notifications/letter.html", context).strip(),
        unsubscribe_url,
    )


def unsubscribe_link(notice: Notice, *, user: User | None, address: AlertAddress | None) -> str:
    """The full address of the page, and of the one click, that ends letters of this kind to this reader."""
    claim = {"account": notice.account_id, "event": notice.event}
    claim |= {"user": user.pk} if user else {"address": address.pk if address else 0}
    return f"{settings.SITE_URL}/billing/unsubscribe/{signing.dumps(claim, salt=SALT, compress=True)}/"

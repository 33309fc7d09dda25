"""A tenant signs up: account, projects, wallet and the owner's invitation, in one transaction (API.md, 'Accounts')."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from billing.services.invitations import invitation_link, last_day
from billing.services.wallets import open_wallet
from notifications.services.deliveries import queue_email
from notifications.services.letters import first_letter
from notifications.words import Message
from organizations.languages import speaking
from organizations.models import Account, Product, Role, User
from organizations.services.accounts import ProjectSpec, create_account
from organizations.services.invitations import create_invitation


def open_account(
    *,
    product: Product,
    external_id: str,
    name: str,
    email: str,
    country: str,
    timezone: str,
    projects: Sequence[ProjectSpec],
) -> tuple[Account, bool]:
    """The account with this identifier and whether it is new; an existing one stays as it is.

    A new one gets its wallet with what the product gives new accounts, and its owner an invitation by e-mail.
    Raises ValidationError for an unknown timezone or country.
    """
    with transaction.atomic():
        account, is_new = create_account(
            product=product,
            external_id=external_id,
            name=name,
            email=email,
            country=country,
            timezone=timezone,
            projects=projects,
        )
        open_wallet(account=account)
        if is_new and email:
            invite(account=account, email=email, role=Role.OWNER)
    return account, is_new


def invite(*, account: Account, email: str, role: Role) -> None:
    """Offer somebody a place in the account; the link in the e-mail works once."""
    invitation, token = create_invitation(account=account, email=email, role=role)
    with speaking(User.objects.filter(email=invitation.email).first(), account):
        words = {"product": account.product, "account": account, "until": last_day(invitation)}
        welcome = _("Welcome to %(product)s. Set your password to see balance, calls and prices of %(account)s.")
        message = Message(
            _("Your account %(account)s") % words,
            (welcome % words, _("The link works once, until %(until)s.") % words),
            action=_("Set your password"),
            url=invitation_link(token),
        )
        letter = first_letter(message, account)
    queue_email(
        key=f"invitation:{invitation.pk}",
        recipient=email,
        subject=letter.subject,
        body=letter.text,
        html=letter.html,
    )

"""Customers: accounts, the people who open them, their organizations, projects and addresses."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, Q
from django.db.models.functions import Lower, Upper

from billing.models import Wallet
from config.searching.lookups import LookUp, Rows, words_in
from config.searching.terms import Term
from notifications.models import AlertAddress
from organizations.models import Account, Invitation, Membership, Organization, Project, Service, ServiceKey, User

OF_ACCOUNT = "account__product"


def _lower(model: type[Model], column: str) -> Rows:
    return model._default_manager.annotate(asked=Lower(column))


def _account(term: Term) -> list[Rows]:
    if not term.is_one_word:
        return []
    rows = Account.objects.annotate(identifier=Lower("external_id"), address=Lower("email"))
    return [rows.filter(Q(identifier=term.lower) | Q(address=term.lower)).order_by("pk")]


def _account_begun(term: Term) -> list[Rows]:
    rows = words_in(Account, term)
    if term.is_one_word and len(term.text) >= 2:
        begun = Account.objects.annotate(identifier=Lower("external_id"), address=Lower("email"))
        named = Q(identifier__startswith=term.lower) | Q(address__startswith=term.lower)
        rows.append(begun.filter(named).order_by("pk"))
    return rows


def _wallet(term: Term) -> list[Rows]:
    if not term.is_one_word:
        return []
    rows = Wallet.objects.annotate(identifier=Lower("account__external_id"), address=Lower("account__email"))
    return [rows.filter(Q(identifier=term.lower) | Q(address=term.lower)).order_by("pk")]


def _member(term: Term) -> list[Rows]:
    return [Membership.objects.filter(user__email=term.lower).order_by("pk")] if term.is_address else []


def _member_begun(term: Term) -> list[Rows]:
    if not term.is_one_word or len(term.text) < 3:
        return []
    return [Membership.objects.filter(user__email__startswith=term.lower).order_by("pk")]


def _user(term: Term) -> list[Rows]:
    return [User.objects.filter(email=term.lower)] if term.is_address else []


def _user_begun(term: Term) -> list[Rows]:
    rows = words_in(User, term)
    if term.is_one_word and len(term.text) >= 3:
        rows.append(User.objects.filter(email__startswith=term.lower).order_by("pk"))
    return rows


def _invitation(term: Term) -> list[Rows]:
    return [_lower(Invitation, "email").filter(asked=term.lower).order_by("-pk")] if term.is_address else []


def _alert_address(term: Term) -> list[Rows]:
    return [_lower(AlertAddress, "email").filter(asked=term.lower).order_by("-pk")] if term.is_address else []


def _organization(term: Term) -> list[Rows]:
    rows = []
    if term.is_address:
        rows.append(_lower(Organization, "email").filter(asked=term.lower))
    bare = term.text.replace(" ", "").upper()
    if len(bare) >= 5 and any(letter.isdigit() for letter in bare):
        rows.append(Organization.objects.annotate(asked=Upper("tax_id")).filter(asked=bare))
    return [each.order_by("pk") for each in rows]


def _project(term: Term) -> list[Rows]:
    return [_lower(Project, "external_id").filter(asked=term.lower).order_by("pk")] if term.is_one_word else []


def _service(term: Term) -> list[Rows]:
    return [Service.objects.filter(Q(slug=term.lower) | Q(name__iexact=term.text)).order_by("pk")]


def _key(term: Term) -> list[Rows]:
    return [ServiceKey.objects.filter(prefix=term.text.partition(".")[0])] if term.is_one_word else []


def _words_of(model: type[Model]) -> Any:
    return lambda term: words_in(model, term)


LOOKUPS = (
    LookUp(
        Account,
        "domain",
        _account,
        _account_begun,
        ("product",),
        facts=lambda row: ", ".join([row.product.name, row.external_id, row.get_status_display()]),
    ),
    LookUp(Wallet, "account_balance_wallet", _wallet, related=(OF_ACCOUNT,), account="account"),
    LookUp(
        Membership,
        "group",
        _member,
        _member_begun,
        ("user", OF_ACCOUNT),
        "account",
        title=lambda row: row.user.email,
        facts=lambda row: str(row.get_role_display()),
        kind="Member",
    ),
    LookUp(User, "badge", _user, _user_begun, facts=lambda row: row.name, kind="Person"),
    LookUp(
        Invitation,
        "mail",
        _invitation,
        related=(OF_ACCOUNT,),
        account="account",
        title=lambda row: row.email,
        facts=lambda row: f"{row.created_at:%Y-%m-%d}",
    ),
    LookUp(AlertAddress, "alternate_email", _alert_address, related=(OF_ACCOUNT,), account="account"),
    LookUp(
        Organization,
        "corporate_fare",
        _organization,
        _words_of(Organization),
        (OF_ACCOUNT,),
        "account",
        facts=lambda row: row.tax_id,
    ),
    LookUp(
        Project,
        "folder",
        _project,
        _words_of(Project),
        (OF_ACCOUNT,),
        "account",
        facts=lambda row: row.external_id,
    ),
    LookUp(Service, "dns", _service, related=("product",), facts=lambda row: str(row.product)),
    LookUp(
        ServiceKey, "key", _key, related=("service",), title=lambda row: row.name, facts=lambda row: str(row.service)
    ),
)

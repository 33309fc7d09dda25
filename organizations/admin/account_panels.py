"""Who may open an account, and what it has of projects and organizations: two tables of its page, one query each."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, F, Value
from django.utils import timezone

from organizations.admin.panels import Column, Panel, badge, link_to, list_url
from organizations.models import Account, Invitation, Membership, Mode, Organization, Project, Role, User

ROWS_SHOWN = 20
# What a row of the two tables is, in the order in which they stand.
MEMBER, INVITED = PROJECT, ORGANIZATION = "1", "2"


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def members_panel(account: Account) -> Panel:
    """The members, and below them who is invited."""
    members = Membership.objects.filter(account=account).order_by()
    invited = Invitation.objects.filter(account=account, accepted_at=None).order_by()
    people = members.annotate(kind=_text(MEMBER), label=F("user__email"), until=F("created_at"))
    offers = invited.annotate(kind=_text(INVITED), label=F("email"), until=F("expires_at"), known_as=_text(""))
    found = people.values_list("kind", "user_id", "label", "user__name", "role", "created_at", "until").union(
        offers.values_list("kind", "pk", "label", "known_as", "role", "created_at", "until"), all=True
    )
    rows = [_person(*one) for one in found.order_by("kind", "label")[:ROWS_SHOWN]]
    return Panel(
        "Members",
        (Column("E-mail"), Column("Name"), Column("Role"), Column("Since")),
        rows,
        empty="Nobody can sign in to this account yet. Invite its owner.",
        more_url=list_url(Membership, account__id__exact=account.pk),
        rank=3,
    )


def _person(kind: str, pk: int, email: str, name: str, role: str, since: Any, until: Any) -> tuple[Any, ...]:
    words = str(Role(role).label)
    if kind == INVITED:
        words += ", expired" if until <= timezone.now() else ", invited"
    return link_to(Invitation if kind == INVITED else User, pk, email), name, words, f"{since:%Y-%m-%d}"


def parts_panel(account: Account) -> Panel:
    """The projects, and the organizations that documents are issued to."""
    projects = Project.objects.filter(account=account).order_by().annotate(kind=_text(PROJECT))
    organizations = Organization.objects.filter(account=account).order_by().annotate(kind=_text(ORGANIZATION))
    found = projects.values_list("kind", "pk", "name", "external_id", "mode").union(
        organizations.values_list("kind", "pk", "name", "tax_id", "country"), all=True
    )
    rows = [_part(*one) for one in found.order_by("kind", "name")[:ROWS_SHOWN]]
    return Panel(
        "Projects and organizations",
        (Column("Name"), Column("Identifier"), Column("")),
        rows,
        empty="No projects yet. The service that opened the account adds them.",
        more_url=list_url(Project, account__id__exact=account.pk),
        more_label="All projects",
        rank=3,
    )


def _part(kind: str, pk: int, name: str, identifier: str, mark: str) -> tuple[Any, ...]:
    if kind == ORGANIZATION:
        return link_to(Organization, pk, name), identifier, f"Organization, {mark}" if mark else "Organization"
    is_sandbox = mark == Mode.SANDBOX
    words = f"Project, {Mode(mark).label.lower()}"
    return link_to(Project, pk, name), identifier, badge(words, "warn") if is_sandbox else words

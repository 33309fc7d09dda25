"""Who may open an account, and what it has of projects and organizations: two tables of its page, one query each."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, F, Value
from django.utils import timezone

from organizations.admin.panels import Column, Panel, badge, link_to, list_url
from organizations.models import Account, Invitation, Membership, Mode, Organization, Project, Role, User

ROWS_SHOWN = 20


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def members_panel(account: Account) -> Panel:
    """The members, and below them who is invited."""
    members = Membership.objects.filter(account=account).order_by()
    invited = Invitation.objects.filter(account=account, accepted_at=None).order_by()
    found = members.values_list(
        _text("1"), F("user_id"), F("user__email"), F("user__name"), F("role"), F("created_at"), F("created_at")
    ).union(
        invited.values_list(_text("2"), F("pk"), F("email"), _text(""), F("role"), F("created_at"), F("expires_at")),
        all=True,
    )
    rows = [_person(*one) for one in found.order_by("col1", "col3")[:ROWS_SHOWN]]
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
    if kind == "2":
        words += ", expired" if until <= timezone.now() else ", invited"
    return link_to(Invitation if kind == "2" else User, pk, email), name, words, f"{since:%Y-%m-%d}"


def parts_panel(account: Account) -> Panel:
    """The projects, and the organizations that documents are issued to."""
    projects = Project.objects.filter(account=account).order_by()
    organizations = Organization.objects.filter(account=account).order_by()
    found = projects.values_list(_text("1"), F("pk"), F("name"), F("external_id"), F("mode")).union(
        organizations.values_list(_text("2"), F("pk"), F("name"), F("tax_id"), F("country")), all=True
    )
    rows = [_part(*one) for one in found.order_by("col1", "col3")[:ROWS_SHOWN]]
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
    if kind == "2":
        return link_to(Organization, pk, name), identifier, f"Organization, {mark}" if mark else "Organization"
    is_sandbox = mark == Mode.SANDBOX
    words = f"Project, {Mode(mark).label.lower()}"
    return link_to(Project, pk, name), identifier, badge(words, "warn") if is_sandbox else words

"""What a member is told, event by event and channel by channel: each chooses for themselves, owners see the others'.

What is essential comes by e-mail whatever is chosen, and the page says so in place of a box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.views.notification_events import Text, groups_of
from billing.views.payment_pages import SeeOther
from billing.views.roles import is_owner, require_owner
from billing.views.shell import Frame, render_page
from notifications.models import Channel, Event
from notifications.rules import RULES
from notifications.selectors.preferences import CHANNELS, Choice, choices_of, default_of, is_locked
from notifications.selectors.telegram import last_link
from notifications.services.preferences import choose
from organizations.models import Membership, Role
from organizations.selectors.members import members_of
from organizations.tenancy import Tenant, tenant_page

PAGE = "limits"


@dataclass(frozen=True, slots=True)
class Box:
    """One event by one channel: whether it comes, and whether that can be changed."""

    name: str
    channel: Channel
    is_on: bool
    is_locked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One event with its boxes."""

    event: Event
    label: Text
    boxes: tuple[Box, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def notifications(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The reader's choices; POST saves them. `?member=` shows an owner what somebody else chose."""
    frame = Frame(request, tenant)
    if request.method == "POST":
        choices = {
            (line.event, box.channel): box.name in request.POST
            for _title, lines in _matrix(frame, tenant.role, {})
            for line in lines
            for box in line.boxes
        }
        choose(account_id=tenant.account.pk, user_id=tenant.user.pk, choices=choices)
        messages.success(request, _("Saved."))
        return SeeOther(reverse("notifications"))
    return _show(request, frame, _looked_at(request, tenant))


def _looked_at(request: HttpRequest, tenant: Tenant) -> Membership:
    """Whose choices: the reader's own, or, for owners, another member's. Raises Http404 for another account's."""
    asked = request.GET.get("member", "")
    if not asked.isdecimal() or len(asked) > 18:
        return _first_owner(tenant) if tenant.is_viewed else tenant.one(Membership, user=tenant.user)
    found = tenant.one(Membership, pk=int(asked))
    if found.user_id != tenant.user.pk:
        require_owner(tenant)
    return found


def _first_owner(tenant: Tenant) -> Membership:
    """Whose choices somebody of the staff sees first. Raises Http404 where the account has no member."""
    found = tenant.rows(Membership).select_related("user").order_by("-role", "pk")
    owner = found.filter(role=Role.OWNER).first() or found.first()
    if owner is None:
        raise Http404
    return owner


def _matrix(frame: Frame, role: Role, chosen: dict[Choice, bool]) -> Iterator[tuple[Text, list[Line]]]:
    for group in groups_of(frame, role):
        yield group.title, [Line(event, label, tuple(_boxes(event, chosen))) for event, label in group.events]


def _boxes(event: Event, chosen: dict[Choice, bool]) -> Iterator[Box]:
    rule = RULES[event]
    for channel in CHANNELS:
        locked = is_locked(rule, channel)
        is_on = locked or chosen.get((event, channel), default_of(rule, channel))
        yield Box(f"{event}-{channel}", channel, is_on, locked)


def _show(request: HttpRequest, frame: Frame, member: Membership) -> HttpResponse:
    tenant = frame.tenant
    chosen = choices_of(account_id=tenant.account.pk, user_id=member.user_id)
    is_own = member.user_id == tenant.user.pk
    others = [each for each in members_of(tenant.account.pk) if each.user_id != tenant.user.pk]
    context: dict[str, Any] = {
        "groups": list(_matrix(frame, Role(member.role), chosen)),
        "is_own": is_own,
        "member": member,
        "others": others if is_owner(tenant) else [],
        "link": last_link(account=tenant.account, user=member.user),
    }
    return render_page(request, frame, "billing/notifications.html", context, current=PAGE)

"""One call: every line of its charge, what decided it, and where the money came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from billing.models import GrantKind
from billing.templatetags.moments import day_short, length_words, local
from billing.templatetags.money import micro_width, money_text
from billing.views.shell import Frame, render_page
from organizations.tenancy import Tenant, tenant_page
from usage.models import ChargeRevision, UsageEvent
from usage.models.event import EventType
from usage.selectors.pages.call import CallDetail, call_detail
from usage.views.charge_lines import ChargeLine, charge_lines
from usage.views.words import (
    CHANNELS,
    DIRECTIONS,
    OUTCOME_REASONS,
    OUTCOMES,
    STATUS_REASONS,
    STATUSES,
    TIERS,
    rounding_words,
    word,
)

GRANT_WORDS = {
    GrantKind.PAID: gettext_lazy("Paid balance"),
    GrantKind.PROMO: gettext_lazy("Promo balance"),
    GrantKind.ALLOTMENT: gettext_lazy("Allotment"),
}


NOUNS = {
    EventType.CALL.value: gettext_lazy("call"),
    EventType.CHAT_MESSAGE.value: gettext_lazy("message"),
    EventType.CHAT_HOUR.value: gettext_lazy("hour of chat"),
    EventType.CRAWL.value: gettext_lazy("crawl"),
    EventType.LLM.value: gettext_lazy("request"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the call, to the second."""

    at: datetime
    title: str
    note: str = ""


@require_safe
@tenant_page
def call(request: HttpRequest, tenant: Tenant, event_id: int) -> HttpResponse:
    """The page of one usage event. Raises Http404 for another account's."""
    frame = Frame(request, tenant)
    detail = call_detail(tenant, event_id)
    event = detail.event
    lines = charge_lines(
        event.lines,
        methods=detail.methods,
        currency=event.currency,
        shows_costs=tenant.product.shows_costs,
    )
    data = event.body.get("data") or {}
    title, reason = _result(event)
    context = {
        "detail": detail,
        "event": event,
        "title": _title(event, data),
        "tier": word(TIERS, event.tier) if event.tier else "",
        "assistant": str(data.get("assistant") or ""),
        "channel": _channel(event),
        "lines": lines,
        "micro": micro_width([line.amount for line in lines]),
        "price_note": _price_note(event, lines, tenant.product.shows_costs),
        "rounding_note": _rounding_note(event),
        "result_title": title,
        "result_reason": reason,
        "trail": _trail(detail, frame),
        "paid_from": [(_grant_word(each.kind), each.amount) for each in detail.paid_from],
        "corrected": detail.revisions[-1] if detail.revisions else None,
        "is_void": event.status == UsageEvent.Status.VOID,
        "is_simulated": event.is_simulated,
        "noun": str(NOUNS[event.event_type]),
        "names_its_type": not event.call_id,
    }
    return render_page(request, frame, "usage/call.html", context, current="calls")


def _title(event: UsageEvent, data: dict[str, Any]) -> str:
    caller = data.get("caller") or data.get("from")
    if caller:
        return str(caller)
    if event.call_id:
        return event.call_id
    return str(EventType(event.event_type).label)


def _channel(event: UsageEvent) -> str:
    parts = []
    if event.channel:
        parts.append(word(CHANNELS, event.channel))
    if event.direction:
        parts.append(word(DIRECTIONS, event.direction) if event.direction in DIRECTIONS else event.direction)
    return ", ".join(parts)


def _result(event: UsageEvent) -> tuple[str, str]:
    """How it ended and what decided that, in words."""
    if event.outcome:
        return word(OUTCOMES, event.outcome), str(OUTCOME_REASONS.get(event.outcome_reason, ""))
    if event.call_status:
        return word(STATUSES, event.call_status), str(STATUS_REASONS.get(event.call_status, ""))
    return "", ""


def _grant_word(kind: GrantKind | None) -> str:
    return str(GRANT_WORDS[kind]) if kind else _("Owed, beyond the balance")


def _price_note(event: UsageEvent, lines: list[ChargeLine], shows_costs: bool) -> str:
    """One line under the heading: what the price followed from."""
    if event.total is None or event.free_code:
        return ""
    share = next((line for line in lines if line.quantity.endswith("%")), None)
    if shows_costs and share is not None:
        return _("Provider cost plus %(share)s") % {"share": share.quantity}
    return " · ".join(part for part in (event.model, event.tier and word(TIERS, event.tier)) if part)


def _rounding_note(event: UsageEvent) -> str:
    """How the lines were rounded, where a person can see it."""
    version = event.version
    if version is None or not event.lines:
        return ""
    words = rounding_words(version.rounding_step, version.rounding, event.currency)
    return words or _("The lines add up to the charge exactly.")


def _trail(detail: CallDetail, frame: Frame) -> list[Step]:
    """What happened, in order: what the service reported, and what was done about it."""
    event, hold = detail.event, detail.hold
    steps: list[Step] = []
    if hold is not None:
        held = money_text(hold.amount.amount, event.currency)
        steps.append(
            Step(hold.created_at, _("Allowed to start"), _("%(amount)s held from the balance") % {"amount": held})
        )
    if event.event_type == EventType.CALL:
        steps += _call_steps(event)
    elif event.event_type == EventType.CHAT_MESSAGE:
        steps.append(Step(event.occurred_at, _("Sent")))
    steps.append(Step(event.received_at, *_charged_step(detail)))
    steps += [_corrected_step(each) for each in detail.revisions]
    if event.voided_at is not None:
        back = ""
        if event.total is not None and detail.reversal is not None:
            back = _("%(amount)s back in the balance") % {"amount": money_text(event.total.amount, event.currency)}
        steps.append(Step(event.voided_at, _("Reversed: %(reason)s") % {"reason": event.void_reason}, back))
    steps.sort(key=lambda step: step.at)
    return [_dated(step, local(steps[0].at, frame.zone).date(), frame.zone) for step in steps]


def _call_steps(event: UsageEvent) -> list[Step]:
    """When the call began and ended; a service that names no start says only when the call was over."""
    after = _("after %(length)s") % {"length": length_words(event.duration_seconds)} if event.duration_seconds else ""
    if not (event.body.get("data") or {}).get("started_at"):
        return [Step(event.occurred_at, _("Ended"), after)]
    started = Step(event.started_at, _("Started"))
    if not after:
        return [started]
    return [started, Step(event.started_at + timedelta(seconds=float(event.duration_seconds)), _("Ended"), after)]


def _dated(step: Step, first_day: date, zone: ZoneInfo) -> Step:
    """The step with its day, where that is not the day it all began."""
    day = local(step.at, zone).date()
    if day == first_day:
        return step
    return Step(step.at, step.title, " · ".join(part for part in (day_short(day), step.note) if part))


def _corrected_step(revision: ChargeRevision) -> Step:
    amounts = {
        "before": money_text(revision.total.amount, revision.currency),
        "after": money_text(revision.new_total.amount, revision.currency),
    }
    return Step(revision.revised_at, _("Charged anew: was %(before)s, now %(after)s") % amounts, revision.reason)


def _charged_step(detail: CallDetail) -> tuple[str, str]:
    """What it was charged at first."""
    event = detail.event
    if event.total is None:
        return _("Reported"), _("Charged with its clock hour")
    total = detail.revisions[0].total if detail.revisions else event.total
    amount = money_text(total.amount, event.currency)
    if event.is_simulated:
        return _("Would have cost %(amount)s") % {"amount": amount}, _("Simulated: no money moved")
    note = _("The hold is closed") if detail.hold is not None else ""
    if not total.amount:
        return _("Not charged"), note
    return _("Charged %(amount)s") % {"amount": amount}, note

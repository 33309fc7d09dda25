"""The tables of a re-rating's page: how far it is, the difference in sum, by account, by component and by call."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.html import format_html

from organizations.admin.amounts import amount_html, amount_text, money_html
from organizations.admin.panels import Column, Panel, badge, link_to, list_url, moment
from organizations.models import Account
from usage.models import ChargeRevision, ReratedCall, Rerating, UsageEvent

CALLS_SHOWN = 50
STATES = {
    ReratedCall.State.PENDING: "",
    ReratedCall.State.DONE: "good",
    ReratedCall.State.SKIPPED: "warn",
}


def of_rerating(rerating: Rerating) -> list[Panel]:
    """What staff look at before they confirm, and what became of it after."""
    if rerating.state == Rerating.State.PREVIEWING:
        return [_progress(rerating)]
    panels = [_progress(rerating), _totals(rerating)]
    if rerating.summary.get("accounts"):
        panels += [_accounts(rerating), _components(rerating)]
    return [*panels, _calls(rerating)]


def _progress(rerating: Rerating) -> Panel:
    rows = [
        ("Charges looked at", f"{rerating.looked_at:,} of about {max(rerating.expected, rerating.looked_at):,}"),
        ("To be corrected", f"{rerating.found:,}"),
        ("The same, left alone", f"{rerating.unchanged:,}"),
        ("Corrected", f"{rerating.done:,} of {rerating.found:,}"),
        ("Cannot be corrected", f"{rerating.skipped:,}"),
    ]
    rows += [(f"  {each['why']}", f"{each['calls']:,}") for each in rerating.summary.get("skipped", [])]
    columns = (Column("What"), Column("Charges", is_number=True))
    return Panel("Progress", columns, rows, note=_standing(rerating))


def _standing(rerating: Rerating) -> str:
    words = {
        Rerating.State.PREVIEWING: "A worker works out the difference. This page renews itself.",
        Rerating.State.READY: "Nothing is charged yet. Look at the difference, then confirm or stop it.",
        Rerating.State.RUNNING: "A worker corrects the charges, batch by batch. This page renews itself.",
        Rerating.State.DONE: "Every charge below was corrected, or says why not.",
        Rerating.State.STOPPED: "What is marked corrected stays so; the rest was left alone.",
        Rerating.State.FAILED: "It could not go on. Ask for a new one: what is corrected already will not differ.",
    }
    return words[Rerating.State(rerating.state)]


def _difference(each: dict[str, Any]) -> tuple[Any, Any, Any]:
    before, after = Decimal(each["before"]), Decimal(each["after"])
    currency = each["currency"]
    return (
        amount_html(before, currency),
        amount_html(after, currency),
        amount_html(after - before, currency, signed=True),
    )


def difference_rows(rerating: Rerating) -> list[tuple[str, Any]]:
    """Before, after and the difference, in each currency that money moves in, for a confirmation."""
    rows: list[tuple[str, Any]] = []
    for each in rerating.summary.get("totals", []):
        if each["is_simulated"]:
            rows.append(("Simulated calls, without money", f"{each['calls']:,}"))
        else:
            rows += zip(("Charged before", "Charged after", "Difference"), _difference(each), strict=True)
    return rows


def difference_text(rerating: Rerating) -> str:
    """By how much the charges change in sum, once that is known."""
    moved = [each for each in rerating.summary.get("totals", []) if not each["is_simulated"]]
    sums = [(Decimal(each["after"]) - Decimal(each["before"]), each["currency"]) for each in moved]
    return ", ".join(amount_text(amount, currency, signed=True) for amount, currency in sums)


def _totals(rerating: Rerating) -> Panel:
    columns = (
        *(Column("Charges"), Column("Calls", True), Column("Dearer", True), Column("Cheaper", True)),
        *(Column("Before", True), Column("After", True), Column("Difference", True)),
    )
    rows = [
        (
            "Simulated: no money moves" if each["is_simulated"] else "Charged to wallets",
            *(f"{each[name]:,}" for name in ("calls", "dearer", "cheaper")),
            *_difference(each),
        )
        for each in rerating.summary.get("totals", [])
    ]
    return Panel("The difference in sum", columns, rows, empty="No charge would change.", is_wide=True)


def _accounts(rerating: Rerating) -> Panel:
    columns = (
        *(Column("Account"), Column("Calls", True), Column("Before", True), Column("After", True)),
        Column("Difference", True),
    )
    rows = [
        (link_to(Account, each["id"], each["name"]), f"{each['calls']:,}", *_difference(each))
        for each in rerating.summary["accounts"]
    ]
    return Panel("By account", columns, rows, note="The largest differences first.")


def _components(rerating: Rerating) -> Panel:
    columns = (Column("Component"), Column("Before", True), Column("After", True), Column("Difference", True))
    rows = [
        (format_html('{} <span class="bo-muted">{}</span>', each["label"], each["component"]), *_difference(each))
        for each in rerating.summary["components"]
    ]
    return Panel("By component", columns, rows)


def _calls(rerating: Rerating) -> Panel:
    columns = (
        *(Column("Call or event"), Column("Account"), Column("Before", True), Column("After", True)),
        *(Column("Difference", True), Column(""), Column("Why")),
    )
    shown = rerating.calls.select_related("event", "account").order_by("id")[:CALLS_SHOWN]
    shown = shown.defer("event__body", "event__lines", "old_lines", "charge")
    rows = [
        (
            link_to(UsageEvent, each.event_id, each.event.call_id or each.event.event_id),
            link_to(Account, each.account_id, each.account.name),
            money_html(each.old_total),
            money_html(each.new_total),
            money_html(each.difference, signed=True),
            badge(each.get_state_display(), STATES[ReratedCall.State(each.state)]),
            each.why,
        )
        for each in shown
    ]
    return Panel(
        f"The first {CALLS_SHOWN} calls" if rerating.found + rerating.skipped > CALLS_SHOWN else "Calls",
        columns,
        rows,
        empty="None would change.",
        is_wide=True,
        more_url=list_url(ReratedCall, rerating__id__exact=rerating.pk),
    )


def revisions_panel(event: UsageEvent) -> list[Panel]:
    """What the event was charged before it was charged anew, on its own page."""
    revisions = list(ChargeRevision.objects.filter(event=event).select_related("version__card").order_by("id"))
    if not revisions:
        return []
    columns = (
        *(Column("Charged anew (UTC)"), Column("Was", True), Column("Became", True), Column("Priced before by")),
        *(Column("Why"), Column("Job")),
    )
    rows = [
        (
            moment(each.revised_at),
            money_html(each.total),
            money_html(each.new_total),
            str(each.version or ""),
            each.reason,
            link_to(Rerating, each.rerating_id, f"Re-rating {each.rerating_id}"),
        )
        for each in revisions
    ]
    return [Panel("Corrections of this charge", columns, rows, is_wide=True)]

"""A what-if run in tables: the sums, the components, the accounts, and the calls that stand out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from organizations.admin.amounts import amount_html
from organizations.admin.panels import Column, Panel, badge, link, link_to, list_url
from organizations.models import Account
from usage.models import UsageEvent, WhatIfAccount, WhatIfRun, WhatIfStatus
from usage.selectors.card_content import content_of

ACCOUNTS_SHOWN = 20
LIKE_WITH_LIKE = "Both sums are of the same calls: those that the version prices."
NUMBERS = (Column("Charged", True), Column("Would be", True), Column("Difference", True), Column("%", True))


def of_run(run: WhatIfRun) -> list[Panel]:
    """The panels of the run's page."""
    panels = [_sums(run), _counts(run), _components(run)]
    if run.account_id is None:
        panels.append(_accounts(run))
    panels.append(_most_changed(run))
    if run.unpriced:
        panels.append(_unpriced(run))
    return panels


def version_link(run: WhatIfRun) -> Any:
    """The version that priced it, or its name once a draft was thrown away."""
    return link(run.version, run.version_name) if run.version_id else f"{run.version_name} (thrown away)"


def share(actual: Decimal, would_be: Decimal) -> str:
    """The difference in percent of what was charged, such as +12.5%; empty where nothing was charged."""
    if not actual:
        return ""
    percent = ((would_be - actual) / actual * 100).quantize(Decimal("0.1"))
    return f"{percent:+}%" if percent else "0%"


def is_outdated(run: WhatIfRun) -> bool:
    """Whether the version was edited since it was priced."""
    version = run.version
    return version is not None and bool(run.fingerprint) and content_of(version).fingerprint != run.fingerprint


def _amounts(actual: Decimal, would_be: Decimal, currency: str) -> tuple[Any, ...]:
    return (
        amount_html(actual, currency),
        amount_html(would_be, currency),
        amount_html(would_be - actual, currency, signed=True),
        share(actual, would_be),
    )


def _sums(run: WhatIfRun) -> Panel:
    note: Any = LIKE_WITH_LIKE
    if run.is_unfinished:
        note = f"A worker is at it: {run.calls:,} of about {run.calls_expected:,} calls. Reload this page to see more."
    elif run.status == WhatIfStatus.STOPPED:
        note = f"It was stopped after {run.calls:,} of about {run.calls_expected:,} calls: these are not all of them."
    elif is_outdated(run):
        note = badge("The draft was edited since: run it again to see its prices now.", "warn")
    rows = [
        ("Charged", amount_html(run.actual, run.currency)),
        ("Would be", amount_html(run.would_be, run.currency)),
    ]
    difference = amount_html(run.difference, run.currency, signed=True)
    percent = share(run.actual, run.would_be)
    total = (f"Difference{f' ({percent})' if percent else ''}", difference)
    return Panel("In sum", (Column(""), Column("", True)), rows, total=total, note=note)


def _counts(run: WhatIfRun) -> Panel:
    rows = [
        ("Calls and events compared", f"{run.calls:,}"),
        ("With another price", f"{run.changed:,}"),
        ("Without a price: would be refused", f"{run.unpriced:,}"),
        ("Charged for these, and in no sum here", amount_html(run.unpriced_actual, run.currency)),
        ("On their account's own card: priced as they were", f"{run.own_card:,}"),
    ]
    note = "Left out: reversed and simulated calls, and calls that were refused. Chat stays as it was charged."
    return Panel("Calls", (Column(""), Column("", True)), rows, note=note)


def _components(run: WhatIfRun) -> Panel:
    rows = []
    for component, sums in sorted(run.components.items()):
        amounts = _amounts(Decimal(sums["actual"]), Decimal(sums["would_be"]), run.currency)
        rows.append((sums["label"], component, *amounts))
    columns = (Column("Line"), Column("Component"), *NUMBERS)
    total = ("Total", "", *_amounts(run.actual, run.would_be, run.currency)) if rows else ()
    return Panel("By component", columns, rows, empty=_nothing(run), total=total, is_wide=True)


def _accounts(run: WhatIfRun) -> Panel:
    found = run.accounts.select_related("account").order_by("-would_be", "account_id")[: ACCOUNTS_SHOWN + 1]
    accounts = list(found)
    rows = [
        (
            link(one.account),
            f"{one.calls:,}",
            f"{one.changed:,}",
            f"{one.unpriced:,}" if one.unpriced else "",
            badge("own card") if one.own_card else "",
            *_amounts(one.actual, one.would_be, run.currency),
        )
        for one in accounts[:ACCOUNTS_SHOWN]
    ]
    columns = (
        Column("Account"),
        Column("Calls", True),
        Column("Changed", True),
        Column("No price", True),
        Column(""),
        *NUMBERS,
    )
    return Panel(
        "By account",
        columns,
        rows,
        empty=_nothing(run),
        is_wide=True,
        note=f"The {ACCOUNTS_SHOWN} that would pay most." if len(accounts) > ACCOUNTS_SHOWN else "",
        more_url=list_url(WhatIfAccount, run__id__exact=run.pk),
        more_label="All accounts",
    )


def _names(examples: list[dict[str, Any]]) -> dict[int, str]:
    accounts = Account.objects.filter(pk__in={one["account"] for one in examples})
    return dict(accounts.values_list("pk", "name"))


def _most_changed(run: WhatIfRun) -> Panel:
    names = _names(run.most_changed)
    rows = [
        (
            link_to(UsageEvent, one["event"], f"no. {one['event']}"),
            names.get(one["account"], ""),
            *_amounts(Decimal(one["actual"]), Decimal(one["would_be"]), run.currency),
        )
        for one in run.most_changed
    ]
    columns = (Column("Call"), Column("Account"), *NUMBERS)
    empty = "No call changes its price." if run.calls else _nothing(run)
    return Panel("Calls that change most", columns, rows, empty=empty, is_wide=True)


def _unpriced(run: WhatIfRun) -> Panel:
    names = _names(run.first_unpriced)
    rows = [
        (
            link_to(UsageEvent, one["event"], f"no. {one['event']}"),
            names.get(one["account"], ""),
            one["why"],
            amount_html(Decimal(one["actual"]), run.currency),
        )
        for one in run.first_unpriced
    ]
    columns = (Column("Call"), Column("Account"), Column("Why it has no price"), Column("Was charged", True))
    note = f"{len(rows):,} of {run.unpriced:,}. Once this version holds, such calls are refused."
    return Panel("Calls without a price", columns, rows, is_wide=True, note=note)


def _nothing(run: WhatIfRun) -> str:
    return "Nothing yet: a worker is at it." if run.is_unfinished else "No calls were charged on these days."

"""The usage that a postpay period's invoice lists, read from the events and their transactions.

Registered with `billing.services.postpay.lines`, which says which transactions are a period's. Lines are those of the
charges, summed by project, component, tier and price; what happened before the period stands apart with its day, and so
do reversals of what an earlier invoice asked for. Where the product does not show costs, what providers were paid and
the margin on it are one line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import npgettext, pgettext

from billing.services.postpay.lines import PeriodUsage, UsageLine, Window
from billing.templatetags.money import countable
from billing.templatetags.stored import said
from organizations.database import run
from organizations.models import Account
from usage.selectors.pages.usage_card import AccountRates, account_rates

ZERO = Decimal(0)
MINUTE_STEP = Decimal("0.006")  # seconds: a minute to the fourth decimal

# A charge and its reversal name the event by their keys (`usage.charge_keys`), first and later ones alike.
# `is_invoiced`: the rule gave the charge to an earlier period.
ITEMS = """
WITH charge AS MATERIALIZED (
  SELECT x.id, x.number, e.id AS event_id, e.occurred_at,
         e.occurred_at < %(ends_at)s::timestamptz AS is_in_time,
         x.number <= %(invoiced_number)s::bigint
           AND coalesce(e.occurred_at < %(invoiced_until)s::timestamptz, false) AS is_invoiced
    FROM billing_transaction x JOIN usage_usageevent e ON e.id = split_part(x.key, ':', 2)::bigint
   WHERE x.wallet_id = %(wallet)s::bigint AND x.number > %(since)s::bigint AND x.number <= %(last)s::bigint
     AND x.kind IN ('call', 'chat', 'crawl', 'llm') AND x.key LIKE 'charge:%%'
), void AS MATERIALIZED (
  SELECT v.id, v.number, c.id AS charge_id, c.is_in_time, c.is_invoiced
    FROM billing_transaction v
    JOIN billing_transaction x ON x.wallet_id = v.wallet_id AND x.key = 'charge:' || substr(v.key, 6)
    JOIN charge c ON c.id = x.id
   WHERE v.wallet_id = %(wallet)s::bigint AND v.number > %(since)s::bigint AND v.number <= %(last)s::bigint
     AND v.kind = 'void'
), item AS MATERIALIZED (
  SELECT id, is_in_time FROM charge WHERE NOT is_invoiced
  UNION ALL
  SELECT id, is_in_time FROM void WHERE NOT is_invoiced OR number > %(invoiced_number)s::bigint
)
"""
SUMS = (
    ITEMS
    + """
SELECT coalesce(sum(-x.amount) FILTER (WHERE i.is_in_time), 0),
       coalesce(sum(t.promo) FILTER (WHERE i.is_in_time), 0),
       coalesce(sum(t.allotment) FILTER (WHERE i.is_in_time), 0),
       coalesce(sum(t.owed) FILTER (WHERE NOT i.is_in_time), 0)
  FROM item i JOIN billing_transaction x ON x.id = i.id
 CROSS JOIN LATERAL (
   SELECT sum(CASE WHEN source_id %% 16 = 2 THEN amount WHEN target_id %% 16 = 2 THEN -amount ELSE 0 END) AS promo,
          sum(CASE WHEN source_id %% 16 = 3 THEN amount WHEN target_id %% 16 = 3 THEN -amount ELSE 0 END) AS allotment,
          sum(CASE WHEN source_id %% 16 = 4 THEN amount WHEN target_id %% 16 = 4 THEN -amount ELSE 0 END) AS owed
     FROM billing_transfer WHERE transaction_id = x.id) t
"""
)
# Charges of the period that stand, line by line; those reversed before the closing are on no invoice. A charge that was
# put right since has its lines in what is kept of it.
LINES = (
    ITEMS
    + """
SELECT p.name, e.event_type, l ->> 'component', l ->> 'label', coalesce(r.tier, e.tier), l ->> 'unit',
       l ->> 'price', l ->> 'per',
       CASE WHEN e.occurred_at < %(starts_at)s::timestamptz
            THEN (e.occurred_at AT TIME ZONE %(zone)s::text)::date END AS happened_on,
       sum((l ->> 'quantity')::numeric), sum((l ->> 'amount')::numeric)
  FROM charge c JOIN usage_usageevent e ON e.id = c.event_id
  JOIN organizations_project p ON p.id = e.project_id
  LEFT JOIN usage_chargerevision r ON r.transaction_id = c.id
 CROSS JOIN LATERAL jsonb_array_elements(coalesce(r.lines, e.lines)) AS l
 WHERE c.is_in_time AND NOT c.is_invoiced AND NOT EXISTS (SELECT FROM void v WHERE v.charge_id = c.id)
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, p.id
 ORDER BY happened_on NULLS FIRST, 1, p.id, 2, 3, 5, 4, 7
"""
)
REVERSED = (
    ITEMS
    + """
SELECT (c.occurred_at AT TIME ZONE %(zone)s::text)::date, sum(x.amount), count(*)
  FROM void v JOIN billing_transaction x ON x.id = v.id JOIN charge c ON c.id = v.charge_id
 WHERE v.is_invoiced AND v.number > %(invoiced_number)s::bigint GROUP BY 1 ORDER BY 1
"""
)


@dataclass(frozen=True, slots=True)
class _Sum:
    """The lines of one kind at one price."""

    project: str
    event_type: str
    component: str
    label: str
    tier: str
    unit: str
    price: Decimal
    per: Decimal
    happened_on: date | None
    quantity: Decimal
    amount: Decimal


def period_usage(window: Window) -> PeriodUsage:
    """The usage of the window with its lines, in the language that is active."""
    account = Account.objects.select_related("product").get(pk=window.account_id)
    parameters: Any = {
        "wallet": window.wallet_id,
        "since": window.since_number,
        "last": window.last_number,
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "invoiced_number": window.invoiced_number,
        "invoiced_until": window.invoiced_until,
        "zone": account.timezone,
    }
    sums, listed, reversed_ = run((SUMS, parameters), (LINES, parameters), (REVERSED, parameters))
    total, promo, allotment, owed_later = sums[0]
    found = [
        _Sum(project, kind, component, label, tier, unit, Decimal(price), Decimal(per), day, quantity, amount)
        for project, kind, component, label, tier, unit, price, per, day, quantity, amount in listed
    ]
    lines = _lines(found, account, account_rates(account, timezone.now()))
    lines += [_reversal(day, amount, count) for day, amount, count in reversed_]
    return PeriodUsage(tuple(lines), total, promo, allotment, owed_later)


def _lines(found: Sequence[_Sum], account: Account, rates: AccountRates) -> list[UsageLine]:
    has_projects = len({each.project for each in found}) > 1
    shown: list[UsageLine] = []
    hidden: defaultdict[tuple[str, date | None], Decimal] = defaultdict(Decimal)
    for each in found:
        if not account.product.shows_costs and _is_hidden(rates, each):
            hidden[each.project, each.happened_on] += each.amount
        else:
            shown.append(_line(each, has_projects=has_projects))
    for (project, day), amount in hidden.items():
        shown.append(UsageLine(_("Usage"), amount, detail=project if has_projects else "", happened_on=day))
    return shown


def _is_hidden(rates: AccountRates, each: _Sum) -> bool:
    return rates.is_cost(each.event_type, each.component) or rates.is_margin(each.event_type, each.component)


def _line(each: _Sum, *, has_projects: bool) -> UsageLine:
    """One line; its unit price is given where quantity times price is the amount to the last digit.

    Seconds are said in minutes where that is exact.
    """
    label = said(each.label)
    if each.tier:
        label = f"{label} · {said(each.tier.replace('_', ' ').capitalize())}"
    quantity, unit, per = each.quantity, each.unit, each.per
    if unit == "second" and quantity % MINUTE_STEP == 0:
        quantity, unit, per = quantity / 60, "minute", per / 60
    is_exact = quantity * each.price == each.amount * per
    return UsageLine(
        label,
        each.amount,
        quantity,
        _unit_words(quantity, unit),
        each.price / per if is_exact else None,
        each.project if has_projects else "",
        each.happened_on,
    )


def _unit_words(quantity: Decimal, unit: str) -> str:
    """The unit as it follows the number."""
    count = countable(quantity)
    words = {
        "second": pgettext("unit on an invoice", "s"),
        "minute": _("min"),
        "hour": _("h"),
        "token": npgettext("unit on an invoice", "token", "tokens", count),
        "call": npgettext("unit on an invoice", "call", "calls", count),
        "page": npgettext("unit on an invoice", "page", "pages", count),
        "request": npgettext("unit on an invoice", "request", "requests", count),
    }
    return words.get(unit, unit)


def _reversal(day: date, amount: Decimal, count: int) -> UsageLine:
    """What was charged on that day, asked for by an earlier invoice and reversed since."""
    return UsageLine(_("Reversed since the last invoice"), -amount, Decimal(-count), happened_on=day)

"""Spending unlike the usual: an hour that cost far more than that hour of the week has cost before.

aipbx.md, 'Why limits are important': a botnet, or a prompt that makes answers long, drains a balance within hours. What
is usual is the account's own: the same hour of the week in the eight weeks before, on its own clock. Told once a day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from billing.models import Wallet
from notifications.models import Event
from notifications.services.notices import Told, tell
from organizations.database import array, run

WEEKS = 8
WEEKS_LEAST = 4  # of history before anything is unusual
TIMES_USUAL = 3
TIMES_MOST = Decimal("1.5")
SHARE_OF_DAY = Decimal("0.5")
HOUR = timedelta(hours=1)
ZERO = Decimal(0)

# One wallet may begin its day when another ends it: both days of "now" are looked at, each wallet's own is picked.
BUSY = """
SELECT DISTINCT m.wallet_id FROM billing_hourlymovement m
 WHERE m.day BETWEEN %s AND %s AND m.last_at >= %s AND m.kind IN ('call', 'chat', 'crawl', 'llm')
"""
HOURS = """
SELECT m.wallet_id, m.day, -sum(m.amount)
  FROM unnest(%s::bigint[], %s::date[], %s::int[]) AS v(wallet_id, day, hour)
  JOIN billing_hourlymovement m ON m.wallet_id = v.wallet_id AND m.hour = v.hour
   AND m.day = ANY(ARRAY(SELECT v.day - 7 * week FROM generate_series(0, %s) AS week))
   AND m.kind IN ('call', 'chat', 'crawl', 'llm')
 GROUP BY 1, 2
"""
RECENT = """
SELECT wallet_id, -sum(amount) / 28 FROM billing_hourlymovement
 WHERE wallet_id = ANY(%s::bigint[]) AND day BETWEEN %s AND %s AND kind IN ('call', 'chat', 'crawl', 'llm')
 GROUP BY 1
"""
# What was charged anew in the hour corrects charges of before (`charge:<event>:<correction>`): that is no spending.
CORRECTED = """
SELECT coalesce(-sum(x.amount), 0) FROM billing_hourlymovement m
  JOIN billing_transaction x ON x.wallet_id = m.wallet_id AND x.number BETWEEN m.first_number AND m.last_number
 WHERE m.wallet_id = %s::bigint AND m.day = %s::date AND m.hour = %s::int AND x.day = m.day AND x.kind = m.kind
   AND x.project_id IS NOT DISTINCT FROM m.project_id AND m.kind IN ('call', 'chat', 'crawl', 'llm')
   AND x.created_at < %s::timestamptz AND x.key ~ '^charge:[0-9]+:[0-9]+$'
"""
BATCH = 500


def usual_of(spent: Decimal, before: Sequence[Decimal], *, per_day: Decimal) -> Decimal | None:
    """What the hour usually costs, where `spent` is unlike it; None where it is not, or too little is known.

    Unlike is three times the median and half more than the most of the weeks before, and more than half of what a whole
    day costs on average: a quiet hour with three calls instead of one is no spike.
    """
    if len(before) < WEEKS_LEAST:
        return None
    usual = Decimal(median(before))
    least = max(usual * TIMES_USUAL, max(before) * TIMES_MOST, per_day * SHARE_OF_DAY)
    return usual if spent > least else None


def tell_due() -> int:
    """Tell of every wallet whose last full hour was unlike the usual; returns how many there were."""
    now = timezone.now()
    today = now.date()
    (rows,) = run((BUSY, [today - timedelta(days=2), today + timedelta(days=1), now - 2 * HOUR]))
    wallet_ids = sorted(row[0] for row in rows)
    return sum(_look(wallet_ids[at : at + BATCH], now) for at in range(0, len(wallet_ids), BATCH))


def _look(wallet_ids: list[int], now: datetime) -> int:
    wallets = list(Wallet.objects.select_related("account").filter(pk__in=wallet_ids).order_by("pk"))
    hours = {wallet.pk: _last_hour(wallet, now) for wallet in wallets}
    ids = list(hours)
    days, clock = [hours[each].date() for each in ids], [hours[each].hour for each in ids]
    (spent_rows,) = run((HOURS, [array(ids), array(days), array(clock), WEEKS]))
    (recent_rows,) = run((RECENT, [array(ids), now.date() - timedelta(days=29), now.date() - timedelta(days=1)]))
    spent: defaultdict[int, dict[date, Decimal]] = defaultdict(dict)
    for wallet_id, day, amount in spent_rows:
        spent[wallet_id][day] = amount
    per_day = dict(recent_rows)
    return sum(
        _tell(wallet, hours[wallet.pk], spent[wallet.pk], per_day.get(wallet.pk, ZERO), now) for wallet in wallets
    )


def _last_hour(wallet: Wallet, now: datetime) -> datetime:
    """The start of the hour that ended last, on the account's clock."""
    whole = now.astimezone(UTC) - HOUR
    return whole.astimezone(ZoneInfo(wallet.account.timezone)).replace(minute=0, second=0, microsecond=0)


def _tell(wallet: Wallet, hour: datetime, spent: dict[date, Decimal], per_day: Decimal, now: datetime) -> bool:
    day = hour.date()
    weeks = min(WEEKS, (now - wallet.created_at).days // 7)
    before = [spent.get(day - timedelta(weeks=back), ZERO) for back in range(1, weeks + 1)]
    usual = usual_of(spent.get(day, ZERO), before, per_day=per_day)
    if usual is not None:  # then only is it looked at what of it were corrections
        spent[day] -= _corrected(wallet, hour, now)
        usual = usual_of(spent[day], before, per_day=per_day)
    if usual is None:
        return False
    facts = {
        "currency": str(wallet.currency),
        "spent": f"{spent[day]:f}",
        "usual": f"{usual:f}",
        "hour": hour.astimezone(UTC).isoformat(),
    }
    with transaction.atomic():
        tell(Told(wallet.account_id, Event.SPENDING_SPIKE, f"spike:{wallet.pk}:{day}", facts=facts, at=now))
    return True


def _corrected(wallet: Wallet, hour: datetime, now: datetime) -> Decimal:
    (rows,) = run((CORRECTED, [wallet.pk, hour.date(), hour.hour, now]))
    return Decimal(rows[0][0])

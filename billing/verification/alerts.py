"""What was told of wallets is what happened to them, once (DESIGN.md, 'What must always be true', 16)."""

from __future__ import annotations

from billing.verification.invariant import Invariant

OF_WALLETS = r"n.key ~ '^wallet:[0-9]+:[0-9]+$'"

ALERTS_HAVE_NOTICES = Invariant(
    "alerts_have_notices",
    "Each alert that fired is in the outbox once: a wallet's notices are numbered from 1 without gaps, to its account.",
    f"""
SELECT w.id AS wallet_id, w.alerts_told, n.notices, n.first, n.last, n.foreign_notices
  FROM billing_wallet w
  LEFT JOIN (SELECT n.wallet_id, count(*) AS notices, min(number) AS first, max(number) AS last,
                    count(*) FILTER (WHERE n.account_id <> o.account_id) AS foreign_notices
               FROM (SELECT split_part(n.key, ':', 2)::bigint AS wallet_id, split_part(n.key, ':', 3)::int AS number,
                            n.account_id FROM notifications_notice n WHERE {OF_WALLETS}) n
               LEFT JOIN billing_wallet o ON o.id = n.wallet_id
              GROUP BY n.wallet_id) n ON n.wallet_id = w.id
 WHERE w.alerts_told <> coalesce(n.notices, 0)
    OR (n.wallet_id IS NOT NULL AND (n.first <> 1 OR n.last <> n.notices OR n.foreign_notices > 0))
""",
)

CALLS_ARE_TOLD_BY_TURNS = Invariant(
    "calls_are_told_by_turns",
    "Services hear by turns that no call starts and that calls start again, and last what the wallet was told to be.",
    f"""
WITH told AS (
  SELECT split_part(n.key, ':', 2)::bigint AS wallet_id, split_part(n.key, ':', 3)::int AS number, n.event
    FROM notifications_notice n
   WHERE n.event IN ('calls_refused', 'calls_accepted') AND n.audience <> 'people' AND {OF_WALLETS}
), turns AS (
  SELECT wallet_id, number, event, lag(event) OVER before AS event_before, lead(event) OVER before AS event_after
    FROM told WINDOW before AS (PARTITION BY wallet_id ORDER BY number)
)
SELECT t.wallet_id, t.number, t.event, t.event_before, w.alerts_fired
  FROM turns t JOIN billing_wallet w ON w.id = t.wallet_id
 WHERE t.event = t.event_before
    OR (t.event_after IS NULL AND (t.event = 'calls_refused') <> (w.alerts_fired & 64 <> 0))
""",
)

# A level is past or clear by what the ledger wrote last. Where a day has ended since, or staff moved a floor, the next
# posting or the sweep will see it: what is not certain before that is not looked at.
ALERTS_AGREE_WITH_BALANCES = Invariant(
    "alerts_agree_with_balances",
    "An alert has fired where its level is past, and is armed where the wallet is clear of it.",
    """
WITH wallet AS (
  SELECT w.*, w.mode = 'prepaid' AS is_prepaid, w.paid + w.promo + w.allotment - w.debt AS balance, t.floor,
         w.spent_on BETWEEN d.today AND d.today + 2 AS is_of_today,
         a.status <> 'active' OR w.is_frozen OR w.is_overdue AS is_stopped
    FROM billing_wallet w
    JOIN organizations_account a ON a.id = w.account_id
    LEFT JOIN billing_productterms t ON t.product_id = a.product_id
   CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE a.timezone)::date AS today) d
), alert AS (
  SELECT w.id AS wallet_id, x.alert, w.alerts_fired & x.bit <> 0 AS has_fired, x.is_past, x.is_clear, w.balance,
         w.spent_today
    FROM wallet w CROSS JOIN LATERAL (VALUES
      ('low balance', 1, w.is_prepaid AND w.balance < w.alert_below,
       NOT w.is_prepaid OR w.alert_below IS NULL OR w.balance >= w.alert_below * 1.1),
      ('empty', 2, w.is_prepaid AND w.balance <= 0,
       NOT w.is_prepaid OR (w.balance > 0 AND w.floor = 0)),
      ('cap near', 4, w.is_of_today AND w.spent_today >= w.daily_cap * 0.8,
       w.daily_cap IS NULL OR w.spent_today < w.daily_cap * 0.7),
      ('cap reached', 8, w.is_of_today AND w.spent_today >= w.daily_cap,
       w.daily_cap IS NULL OR w.spent_today < w.daily_cap * 0.9),
      ('credit near', 16, NOT w.is_prepaid AND -w.balance >= w.credit_limit * 0.8,
       w.is_prepaid OR -w.balance < w.credit_limit * 0.7),
      ('credit reached', 32, NOT w.is_prepaid AND -w.balance >= w.credit_limit,
       w.is_prepaid OR -w.balance < w.credit_limit * 0.9),
      ('no call starts', 64,
       w.is_stopped OR (w.is_of_today AND w.spent_today >= w.daily_cap)
       OR CASE WHEN w.is_prepaid THEN w.balance <= 0 ELSE w.balance + w.credit_limit <= 0 END,
       NOT w.is_stopped AND coalesce(w.spent_today < w.daily_cap, true)
       AND CASE WHEN w.is_prepaid THEN w.balance > 0 AND w.balance >= w.floor
                ELSE w.balance + w.credit_limit > 0 END),
      ('stopped', 128, w.is_stopped, NOT w.is_stopped)
    ) AS x(alert, bit, is_past, is_clear)
)
SELECT wallet_id, alert, has_fired, balance, spent_today FROM alert
 WHERE (has_fired AND is_clear) OR (is_past AND NOT has_fired)
""",
)

NOTICES_ARE_TOLD_ONCE = Invariant(
    "notices_are_told_once",
    "By each channel a notice goes to an address once, to nobody whom it is not for, and with its mark that it did.",
    """
SELECT n.id AS notice_id, n.event, n.audience, n.expanded_at, d.channel, d.recipient, d.deliveries
  FROM (SELECT notice_id, channel, min(recipient) AS recipient, count(*) AS deliveries
          FROM notifications_delivery WHERE notice_id IS NOT NULL
         GROUP BY notice_id, channel, endpoint_id, telegram_id, CASE WHEN channel = 'email' THEN lower(recipient) END) d
  JOIN notifications_notice n ON n.id = d.notice_id
 WHERE d.deliveries > 1 OR n.expanded_at IS NULL
    OR (d.channel = 'webhook' AND n.audience NOT IN ('everyone', 'services'))
    OR (d.channel <> 'webhook' AND (n.audience = 'services' OR n.is_quiet))
""",
)

INVARIANTS = (
    ALERTS_HAVE_NOTICES,
    CALLS_ARE_TOLD_BY_TURNS,
    ALERTS_AGREE_WITH_BALANCES,
    NOTICES_ARE_TOLD_ONCE,
)

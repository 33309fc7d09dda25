"""The pulse: one short text that changes whenever anything changes that an account's open pages show.

One statement, by indexes alone, whatever the number of rows: pages ask for it every few seconds. It covers movements,
holds, the wallet's state, limits and modes, incidents, the latest top-ups and refunds, the rule of automatic top-up,
the subscription, documents and the latest periods, the projects' modes and the account's day. What higher apps show
besides, they add by `watch`.
"""

from __future__ import annotations

import hashlib
from datetime import date

from organizations.database import run

PULSE = """
SELECT w.last_number, w.held, w.held_calls, w.is_frozen, w.is_overdue, w.mode, w.credit_limit, w.daily_cap,
       w.concurrency_limit, w.monthly_allotment, w.allotment_resets_at, a.status, a.timezone,
       (SELECT count(*) || '/' || max(h.id) FROM billing_hold h WHERE h.wallet_id = w.id AND h.status = 'active'),
       (SELECT string_agg(i.id::text, ',' ORDER BY i.id) FROM notifications_incident i
         WHERE i.account_id = a.id AND i.resolved_at IS NULL AND i.dismissed_at IS NULL),
       (SELECT string_agg(t.id || t.status, ',') FROM (
          SELECT id, status FROM billing_topup WHERE wallet_id = w.id ORDER BY id DESC LIMIT 10) t),
       (SELECT string_agg(r.id || r.status, ',') FROM (
          SELECT id, status FROM billing_refund WHERE wallet_id = w.id ORDER BY id DESC LIMIT 10) r),
       (SELECT ROW(u.status, u.threshold, u.amount, u.monthly_ceiling)::text FROM billing_autotopup u
         WHERE u.wallet_id = w.id),
       (SELECT string_agg(ROW(s.id, s.status, s.period_end, s.ends_at_period_end)::text, ',') FROM (
          SELECT * FROM billing_subscription WHERE wallet_id = w.id ORDER BY id DESC LIMIT 2) s),
       (SELECT max(d.id) FROM billing_document d WHERE d.wallet_id = w.id),
       (SELECT string_agg(ROW(b.id, b.status, b.settled, b.pay_url)::text, ',') FROM (
          SELECT * FROM billing_billingperiod WHERE wallet_id = w.id ORDER BY starts_on DESC LIMIT 3) b),
       (SELECT string_agg(ROW(e.id, e.status, e.rows, e.path)::text, ',') FROM (
          SELECT * FROM billing_auditexport WHERE wallet_id = w.id ORDER BY id DESC LIMIT 10) e),
       (SELECT string_agg(ROW(p.id, p.mode, p.name)::text, ',' ORDER BY p.id) FROM organizations_project p
         WHERE p.account_id = a.id)
       {watched}
  FROM billing_wallet w JOIN organizations_account a ON a.id = w.account_id
 WHERE a.id = %s
"""

_watched: list[str] = []


def watch(expression: str) -> None:
    """Let the pulse change with this SQL expression, too: over the wallet `w` and the account `a`, by index."""
    _watched.append(expression)


def pulse_of(account_id: int, today: date) -> str:
    """The account's pulse; `today` is the account's day, so that midnight is a change like any other."""
    watched = "".join(f", {expression}" for expression in _watched)
    (rows,) = run((PULSE.format(watched=watched), [account_id]))
    return hashlib.blake2b(repr((account_id, today, rows)).encode(), digest_size=8).hexdigest()

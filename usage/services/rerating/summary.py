"""A preview in sum: before, after and how many, by currency, account and component; simulated charges apart."""

from __future__ import annotations

from typing import Any

from organizations.database import run

ACCOUNTS_MAX = 100
COMPONENTS_MAX = 100

TOTALS = """
SELECT currency, is_simulated, count(*), sum(old_total), sum(new_total),
       count(*) FILTER (WHERE difference > 0), count(*) FILTER (WHERE difference < 0)
  FROM usage_reratedcall WHERE rerating_id = %s::bigint AND state <> 'skipped' GROUP BY 1, 2 ORDER BY 2, 1
"""
BY_ACCOUNT = f"""
SELECT c.account_id, a.name, c.currency, count(*), sum(c.old_total), sum(c.new_total)
  FROM usage_reratedcall c JOIN organizations_account a ON a.id = c.account_id
 WHERE c.rerating_id = %s::bigint AND c.state <> 'skipped' AND NOT c.is_simulated
 GROUP BY 1, 2, 3 ORDER BY abs(sum(c.difference)) DESC, 1 LIMIT {ACCOUNTS_MAX}
"""
# A line stands on the side it is of, with 0 on the other.
BY_COMPONENT = f"""
SELECT l.component, max(l.label), l.currency, sum(l.before), sum(l.after)
  FROM (SELECT line.component, line.label, c.currency, line.amount AS before, 0 AS after
          FROM usage_reratedcall c,
               jsonb_to_recordset(c.old_lines) AS line(component text, label text, amount numeric)
         WHERE c.rerating_id = %s::bigint AND c.state <> 'skipped' AND NOT c.is_simulated
         UNION ALL
        SELECT line.component, line.label, c.currency, 0, line.amount
          FROM usage_reratedcall c,
               jsonb_to_recordset(c.charge -> 'lines') AS line(component text, label text, amount numeric)
         WHERE c.rerating_id = %s::bigint AND c.state <> 'skipped' AND NOT c.is_simulated
           AND c.charge ? 'lines') l
 GROUP BY 1, 3 ORDER BY abs(sum(l.after - l.before)) DESC, 1 LIMIT {COMPONENTS_MAX}
"""
SKIPPED = """
SELECT why, count(*) FROM usage_reratedcall WHERE rerating_id = %s::bigint AND state = 'skipped'
 GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20
"""


def summary_of(rerating_id: int) -> dict[str, Any]:
    """The sums of the job's calls, amounts as text, for `Rerating.summary`."""
    totals, accounts, components, skipped = run(
        (TOTALS, [rerating_id]),
        (BY_ACCOUNT, [rerating_id]),
        (BY_COMPONENT, [rerating_id, rerating_id]),
        (SKIPPED, [rerating_id]),
    )
    return {
        "totals": [
            {"currency": currency, "is_simulated": simulated, "calls": count, "before": f"{before:f}"}
            | {"after": f"{after:f}", "dearer": dearer, "cheaper": cheaper}
            for currency, simulated, count, before, after, dearer, cheaper in totals
        ],
        "accounts": [
            {"id": pk, "name": name, "currency": currency, "calls": count, "before": f"{before:f}"}
            | {"after": f"{after:f}"}
            for pk, name, currency, count, before, after in accounts
        ],
        "components": [
            {"component": component, "label": label, "currency": currency}
            | {"before": f"{before:f}", "after": f"{after:f}"}
            for component, label, currency, before, after in components
        ],
        "skipped": [{"why": why, "calls": count} for why, count in skipped],
    }

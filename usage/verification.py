"""What must always be true of usage events and their roll-ups, registered with the ledger's invariants."""

from __future__ import annotations

from billing.verification.invariant import Invariant

EVENTS_ARE_CHARGED = Invariant(
    "events_are_charged",
    "Every event has exactly one charge, of its total and in its account's wallet; free and simulated ones have none.",
    """
SELECT e.id AS event_id, e.account_id, e.total, e.is_simulated, e.transaction_id, t.wallet_id, t.amount, t.kind, t.key
  FROM usage_usageevent e
  JOIN billing_wallet w ON w.account_id = e.account_id
  LEFT JOIN billing_transaction t ON t.id = e.transaction_id
  LEFT JOIN (SELECT DISTINCT ON (event_id) id, event_id, rerating_id FROM usage_chargerevision
              ORDER BY event_id, id DESC) r ON r.event_id = e.id
 WHERE CASE WHEN e.is_simulated OR e.total IS NULL OR e.total = 0 THEN e.transaction_id IS NOT NULL
            ELSE ((t.wallet_id, t.currency, t.amount, t.project_id, t.kind)
                  = (w.id, e.currency, -e.total, e.project_id,
                     CASE e.event_type WHEN 'call.completed' THEN 'call' WHEN 'crawl.completed' THEN 'crawl'
                                       WHEN 'llm.completed' THEN 'llm' ELSE 'chat' END)
                  AND CASE WHEN r.id IS NULL THEN (t.key, t.day) = ('charge:' || e.id, e.day)
                           ELSE t.key = concat_ws(':', 'charge', e.id, r.rerating_id) END) IS NOT TRUE
       END
""",
)

CHARGES_BELONG_TO_EVENTS = Invariant(
    "charges_belong_to_events",
    "Every charge on the ledger is what one event is charged, or was until it was charged anew.",
    """
SELECT t.id AS transaction_id, t.wallet_id, t.number, t.kind, t.key, t.amount
  FROM billing_transaction t
  LEFT JOIN (SELECT transaction_id, id AS event_id FROM usage_usageevent
             UNION ALL
             SELECT transaction_id, event_id FROM usage_chargerevision) e
         ON e.transaction_id = t.id AND (t.key = 'charge:' || e.event_id OR t.key LIKE 'charge:' || e.event_id || ':%')
 WHERE t.kind IN ('call', 'chat', 'crawl', 'llm') AND e.event_id IS NULL
""",
)

VOIDS_BELONG_TO_EVENTS = Invariant(
    "voids_belong_to_events",
    "A charge was reversed on the ledger when, and only when, its event is marked void, or was charged anew.",
    """
SELECT e.id AS event_id, coalesce(e.wallet_id, v.wallet_id) AS wallet_id, e.status, v.id AS transaction_id, v.key
  FROM (SELECT e.id, w.id AS wallet_id, e.status, 'void:' || substr(t.key, 8) AS key FROM usage_usageevent e
          JOIN billing_wallet w ON w.account_id = e.account_id
          LEFT JOIN billing_transaction t ON t.id = e.transaction_id
         WHERE e.status = 'void' AND e.transaction_id IS NOT NULL
         UNION ALL
        SELECT e.id, w.id, 'charged anew', 'void:' || substr(t.key, 8) FROM usage_chargerevision r
          JOIN usage_usageevent e ON e.id = r.event_id
          JOIN billing_wallet w ON w.account_id = e.account_id
          LEFT JOIN billing_transaction t ON t.id = r.transaction_id
         WHERE r.transaction_id IS NOT NULL) e
  FULL JOIN (SELECT id, wallet_id, key FROM billing_transaction WHERE kind = 'void') v
         ON v.wallet_id = e.wallet_id AND v.key = e.key
 WHERE e.id IS NULL OR v.id IS NULL
""",
)

LINES_SUM_TO_TOTAL = Invariant(
    "lines_sum_to_total",
    "The lines of a charge add up to its total, and none is negative.",
    """
SELECT e.id AS event_id, e.account_id, e.total, l.amount AS lines
  FROM usage_usageevent e,
       LATERAL (SELECT coalesce(sum((line ->> 'amount')::numeric), 0) AS amount,
                       coalesce(bool_or((line ->> 'amount')::numeric < 0), false) AS is_negative
                  FROM jsonb_array_elements(e.lines) line) l
 WHERE l.amount <> coalesce(e.total, 0) OR l.is_negative
""",
)

VERSION_IS_RECORDED = Invariant(
    "version_is_recorded",
    "Every event names the published version that priced it: of its account or product, in force at its start.",
    """
SELECT e.id AS event_id, e.account_id, e.started_at, e.version_id, v.status, v.starts_at
  FROM usage_usageevent e
  JOIN organizations_account a ON a.id = e.account_id
  LEFT JOIN usage_ratecardversion v ON v.id = e.version_id
  LEFT JOIN usage_ratecard c ON c.id = v.card_id
 WHERE (v.status = 'published' AND v.starts_at <= e.started_at AND c.product_id = a.product_id
        AND (c.account_id IS NULL OR c.account_id = e.account_id)) IS NOT TRUE
""",
)

EVENTS_OF_OWN_ACCOUNT = Invariant(
    "events_of_own_account",
    "An event's project, service and hold belong to its own account.",
    """
SELECT e.id AS event_id, e.account_id, e.project_id, p.account_id AS project_account_id, e.service_id, e.hold_id,
       h.wallet_id AS hold_wallet_id, h.call_id
  FROM usage_usageevent e
  JOIN organizations_account a ON a.id = e.account_id
  LEFT JOIN billing_wallet w ON w.account_id = e.account_id
  LEFT JOIN organizations_project p ON p.id = e.project_id
  LEFT JOIN organizations_service s ON s.id = e.service_id
  LEFT JOIN billing_hold h ON h.id = e.hold_id
 WHERE p.account_id IS DISTINCT FROM e.account_id OR s.product_id IS DISTINCT FROM a.product_id
    OR w.currency IS DISTINCT FROM e.currency
    OR (e.hold_id IS NOT NULL
        AND (h.wallet_id, h.call_id, h.service_id) IS DISTINCT FROM (w.id, e.call_id, e.service_id))
""",
)

# What a call cost at first: a correction ends no hold, and none again.
HOLDS_END_WITH_THEIR_EVENT = Invariant(
    "holds_end_with_their_event",
    "A hold is captured by exactly one charged event; an event that ends a hold leaves it ended.",
    """
SELECT h.id AS hold_id, h.wallet_id, h.call_id, h.status, e.events, e.charged
  FROM billing_hold h
  LEFT JOIN (SELECT e.hold_id, count(*) AS events,
                    count(CASE WHEN r.event_id IS NULL THEN e.transaction_id ELSE r.transaction_id END) AS charged
               FROM usage_usageevent e
               LEFT JOIN (SELECT DISTINCT ON (event_id) event_id, transaction_id FROM usage_chargerevision
                           ORDER BY event_id, id) r ON r.event_id = e.id
              WHERE e.hold_id IS NOT NULL GROUP BY e.hold_id) e ON e.hold_id = h.id
 WHERE coalesce(e.events, 0) > 1
    OR (h.status = 'captured') <> (coalesce(e.charged, 0) = 1)
    OR (e.events = 1 AND h.status NOT IN ('captured', 'released'))
""",
)

# What an event adds to the roll-up is what `usage.services.rollup_rows` adds: an hour's tokens are its messages', and
# those of a type without such fields are unknown fields, which may hold anything.
DAILY_USAGE_EQUALS_EVENTS = Invariant(
    "daily_usage_equals_events",
    "The daily roll-up is the sum of the day's events, less those that were reversed.",
    """
SELECT account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome,
       e.count, u.count AS usage_count, e.free_count, u.free_count AS usage_free_count, e.seconds,
       u.seconds AS usage_seconds, e.tokens, u.tokens AS usage_tokens, e.spent, u.spent AS usage_spent,
       e.cost, u.cost AS usage_cost, e.costed_spent, u.costed_spent AS usage_costed_spent
  FROM (SELECT account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome, currency,
               count(*) AS count, count(*) FILTER (WHERE total = 0) AS free_count, sum(duration_seconds) AS seconds,
               sum(CASE WHEN event_type IN ('call.completed', 'chat.message', 'llm.completed')
                        THEN coalesce((body -> 'data' ->> 'llm_input_tokens')::numeric, 0)
                             + coalesce((body -> 'data' ->> 'llm_output_tokens')::numeric, 0)
                        ELSE 0 END) AS tokens,
               coalesce(sum(total), 0) AS spent, sum(cost) AS cost,
               coalesce(sum(total) FILTER (WHERE cost <> 0), 0) AS costed_spent
          FROM usage_usageevent WHERE status = 'accepted'
         GROUP BY account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome, currency) e
  FULL JOIN (SELECT account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome, currency,
                    count, free_count, seconds, tokens, spent, cost, costed_spent FROM usage_dailyusage) u
       USING (account_id, project_id, day, is_simulated, event_type, channel, model, tier, outcome, currency)
 WHERE (coalesce(e.count, 0), coalesce(e.free_count, 0), coalesce(e.seconds, 0), coalesce(e.tokens, 0),
        coalesce(e.spent, 0), coalesce(e.cost, 0), coalesce(e.costed_spent, 0))
       <> (coalesce(u.count, 0), coalesce(u.free_count, 0), coalesce(u.seconds, 0), coalesce(u.tokens, 0),
           coalesce(u.spent, 0), coalesce(u.cost, 0), coalesce(u.costed_spent, 0))
""",
)

DAILY_COMPONENTS_EQUAL_LINES = Invariant(
    "daily_components_equal_lines",
    "The daily roll-up by component is the sum of the charge lines of the day's events, less those that were reversed.",
    """
SELECT account_id, project_id, day, is_simulated, event_type, model, tier, outcome, component, unit,
       l.count, c.count AS component_count, l.quantity, c.quantity AS component_quantity, l.amount,
       c.amount AS component_amount
  FROM (SELECT e.account_id, e.project_id, e.day, e.is_simulated, e.event_type, e.model, e.tier, e.outcome,
               line.component, line.unit, e.currency, count(*) AS count, sum(line.quantity) AS quantity,
               sum(line.amount) AS amount
          FROM usage_usageevent e,
               jsonb_to_recordset(e.lines) AS line(component text, unit text, quantity numeric, amount numeric)
         WHERE e.status = 'accepted'
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) l
  FULL JOIN (SELECT account_id, project_id, day, is_simulated, event_type, model, tier, outcome, component, unit,
                    currency, count, quantity, amount FROM usage_dailycomponent) c
       USING (account_id, project_id, day, is_simulated, event_type, model, tier, outcome, component, unit, currency)
 WHERE (coalesce(l.count, 0), coalesce(l.quantity, 0), coalesce(l.amount, 0))
       <> (coalesce(c.count, 0), coalesce(c.quantity, 0), coalesce(c.amount, 0))
""",
)

# A charge is of its own day whenever it is reversed: the reversal is found by its key, not by its day. What is charged
# anew is of the day of its event, which is the day it was first charged on.
ROLL_UPS_EQUAL_LEDGER = Invariant(
    "roll_ups_equal_ledger",
    "What the daily roll-ups say was spent is what the ledger's charges of the day moved, less their reversals.",
    """
SELECT wallet_id, project_id, day, sum(ledger) AS ledger, sum(usage) AS usage, sum(components) AS components
  FROM (SELECT c.wallet_id, c.project_id, coalesce(e.day, c.day) AS day, c.currency,
               -c.amount - coalesce(v.amount, 0) AS ledger, 0 AS usage, 0 AS components
          FROM billing_transaction c
          LEFT JOIN usage_usageevent e
                 ON e.id = CASE WHEN c.key ~ '^charge:[0-9]+:[0-9]+$' THEN split_part(c.key, ':', 2)::bigint END
          LEFT JOIN billing_transaction v
                 ON v.wallet_id = c.wallet_id AND v.kind = 'void' AND v.key = 'void:' || substr(c.key, 8)
         WHERE c.kind IN ('call', 'chat', 'crawl', 'llm')
         UNION ALL
        SELECT w.id, u.project_id, u.day, u.currency, 0, u.spent, 0
          FROM usage_dailyusage u JOIN billing_wallet w ON w.account_id = u.account_id WHERE NOT u.is_simulated
         UNION ALL
        SELECT w.id, c.project_id, c.day, c.currency, 0, 0, c.amount
          FROM usage_dailycomponent c JOIN billing_wallet w ON w.account_id = c.account_id WHERE NOT c.is_simulated) s
 GROUP BY wallet_id, project_id, day, currency
HAVING sum(ledger) <> sum(usage) OR sum(ledger) <> sum(components)
""",
)

CHAT_HOURS_EQUAL_MESSAGES = Invariant(
    "chat_hours_equal_messages",
    "A chat hour sums the messages that are charged with it.",
    """
SELECT project_id, hour, is_simulated, m.messages AS event_messages, h.messages, m.input AS event_input,
       h.llm_input_tokens, m.output AS event_output, h.llm_output_tokens
  FROM (SELECT account_id, project_id, hour, is_simulated, count(*) AS messages,
               sum(coalesce((body -> 'data' ->> 'llm_input_tokens')::numeric, 0)) AS input,
               sum(coalesce((body -> 'data' ->> 'llm_output_tokens')::numeric, 0)) AS output
          FROM usage_usageevent WHERE hour IS NOT NULL GROUP BY account_id, project_id, hour, is_simulated) m
  FULL JOIN usage_chathour h USING (account_id, project_id, hour, is_simulated)
 WHERE (m.messages, m.input, m.output) IS DISTINCT FROM (h.messages, h.llm_input_tokens, h.llm_output_tokens)
""",
)

CHAT_HOURS_ARE_CHARGED = Invariant(
    "chat_hours_are_charged",
    "A charged chat hour was closed before, and has the one event that charges it.",
    """
SELECT h.id AS chat_hour_id, h.account_id, h.project_id, h.hour, h.closed_at, h.charged_at, e.id AS event_id
  FROM usage_chathour h
  LEFT JOIN usage_usageevent e
         ON e.event_type = 'chat.hour' AND e.source = 'chat-hours' AND e.service_id = h.service_id
        AND e.event_id = h.project_id || ':' || to_char(h.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
                         || CASE WHEN h.is_simulated THEN ':simulated' ELSE '' END
 WHERE h.charged_at IS NOT NULL
   AND (h.closed_at IS NOT NULL AND e.account_id = h.account_id AND e.project_id = h.project_id
        AND e.is_simulated = h.is_simulated) IS NOT TRUE
""",
)

INVARIANTS = (
    EVENTS_ARE_CHARGED,
    CHARGES_BELONG_TO_EVENTS,
    VOIDS_BELONG_TO_EVENTS,
    LINES_SUM_TO_TOTAL,
    VERSION_IS_RECORDED,
    EVENTS_OF_OWN_ACCOUNT,
    HOLDS_END_WITH_THEIR_EVENT,
    DAILY_USAGE_EQUALS_EVENTS,
    DAILY_COMPONENTS_EQUAL_LINES,
    ROLL_UPS_EQUAL_LEDGER,
    CHAT_HOURS_EQUAL_MESSAGES,
    CHAT_HOURS_ARE_CHARGED,
)

"""The modules whose `ROUTES` the API answers: a new kind of object is added here."""

from __future__ import annotations

from tests.fakes.stripe import (
    accounts,
    balance,
    catalogue,
    charges,
    checkout_sessions,
    customers,
    disputes,
    events,
    invoice_items,
    invoice_payments,
    invoices,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    subscriptions,
    webhook_endpoints,
)

MODULES = (
    accounts,
    balance,
    catalogue,
    charges,
    checkout_sessions,
    customers,
    disputes,
    events,
    invoice_items,
    invoice_payments,
    invoices,
    payment_intents,
    payment_methods,
    refunds,
    setup_intents,
    subscriptions,
    webhook_endpoints,
)

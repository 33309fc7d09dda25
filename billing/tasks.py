"""Doorbells of the ledger and of payments, and the sweeps that find what a doorbell missed.

A task of a payment may be lost, late or rung twice: its row says what is left to do.
"""

from __future__ import annotations

from celery import shared_task

from billing.providers.stripe import endpoint
from billing.services import (
    auto_top_up,
    calls,
    expiry,
    grants,
    holds,
    inbox,
    ledger_days,
    reconciliation,
    refunds,
    second_person,
    spikes,
    subscriptions,
    top_ups,
    vat_checks,
)
from billing.services.documents import due
from billing.services.exports import heads, making
from billing.services.postpay import closing, minding
from billing.verification.run import verify_and_record
from notifications.services import sweeps
from organizations.services import sign_ins

EXPORT_SECONDS_MAX = 6 * 3600  # of one export; others may take CELERY_TASK_TIME_LIMIT


def _verify() -> int:
    return len(verify_and_record().findings)


def _sign_heads() -> int:
    return int(heads.sign_day())


def _reconcile() -> int:
    return reconciliation.reconcile(since=None).differences


sweeps.register("expire_holds", holds.expire_due)
sweeps.register("expire_grants", grants.expire_due)
sweeps.register("reset_allotments", grants.reset_due_allotments)
sweeps.register("tell_of_calls", calls.settle_due)
sweeps.register("tell_of_expiry", expiry.tell_due)
sweeps.register("tell_of_spikes", spikes.tell_due)
sweeps.register("verify_ledger", _verify)
sweeps.register("handle_provider_events", inbox.handle_due)
sweeps.register("check_top_ups", top_ups.check_due)
sweeps.register("attempt_auto_top_ups", auto_top_up.attempt_due)
sweeps.register("check_refunds", refunds.check_due)
sweeps.register("lapse_approvals", second_person.lapse_due)
sweeps.register("check_subscriptions", subscriptions.check_due)
sweeps.register("close_periods", closing.close_due)
sweeps.register("check_invoices", minding.check_due)
sweeps.register("reconcile_payments", _reconcile)
sweeps.register("issue_documents", due.issue_due)
sweeps.register("issue_certificates", due.issue_certificates)
sweeps.register("render_documents", due.render_due)
sweeps.register("prune_webhooks", endpoint.prune)
sweeps.register("prune_sign_ins", sign_ins.prune)
sweeps.register("check_vat_numbers", vat_checks.check_due)
sweeps.register("make_exports", making.ring_for_due)
sweeps.register("remove_exports", making.remove_expired)
sweeps.register("sign_chain_heads", _sign_heads)
sweeps.register("sum_up_ledger_days", ledger_days.take_days)


@shared_task(name="billing.handle_event")
def handle_event(event_id: int) -> None:
    """Re-read what a provider told of, and settle it."""
    inbox.handle(event_id=event_id)


@shared_task(name="billing.check_top_up")
def check_top_up(top_up_id: int) -> None:
    """Ask the provider about a top-up."""
    top_ups.check(top_up_id=top_up_id)


@shared_task(name="billing.attempt_auto_top_up")
def attempt_auto_top_up(wallet_id: int) -> None:
    """Charge the wallet's card, if its rule says so."""
    auto_top_up.attempt(wallet_id=wallet_id)


@shared_task(name="billing.submit_refund")
def submit_refund(refund_id: int) -> None:
    """Send an approved refund to the provider."""
    refunds.submit(refund_id=refund_id)


@shared_task(name="billing.issue_receipt")
def issue_receipt(payment_id: int) -> None:
    """Issue a payment's receipt."""
    due.at_once("receipt", payment_id)


@shared_task(name="billing.issue_proforma")
def issue_proforma(top_up_id: int) -> None:
    """Issue the invoice of a top-up by bank transfer."""
    due.at_once("proforma", top_up_id)


@shared_task(name="billing.credit_refund")
def credit_refund(refund_id: int) -> None:
    """Issue what a refund's outcome calls for."""
    due.at_once("refund", refund_id)


@shared_task(name="billing.render_document")
def render_document(document_id: int) -> None:
    """Draw a document's PDF."""
    due.at_once("pdf", document_id)


@shared_task(name=making.TASK, time_limit=EXPORT_SECONDS_MAX)
def make_export(export_id: int) -> None:
    """Make an export that was asked for."""
    making.make(export_id=export_id)


@shared_task(name="sweeps.sum_up_ledger_days")
def sum_up_ledger_days() -> None:
    """Keep what the wallets' ledger accounts had turned over by the end of the days that are over."""
    sweeps.run("sum_up_ledger_days")


@shared_task(name="sweeps.make_exports")
def make_exports() -> None:
    """Ring for the exports that no worker was told of, or that one left."""
    sweeps.run("make_exports")


@shared_task(name="sweeps.remove_exports")
def remove_exports() -> None:
    """Remove the archives whose time is over."""
    sweeps.run("remove_exports")


@shared_task(name="sweeps.sign_chain_heads")
def sign_chain_heads() -> None:
    """Sign the day's heads of all ledger chains."""
    sweeps.run("sign_chain_heads")


@shared_task(name="billing.check_vat_number")
def check_vat_number(organization_id: int) -> None:
    """Ask the register about an organization's VAT number."""
    vat_checks.check(organization_id=organization_id)


@shared_task(name="billing.send_invoice")
def send_invoice(period_id: int) -> None:
    """Bring a period's invoice to the page where it is paid, or close that page."""
    minding.check(period_id=period_id)


@shared_task(name="sweeps.expire_holds")
def expire_holds() -> None:
    """End holds that heard nothing for too long."""
    sweeps.run("expire_holds")


@shared_task(name="sweeps.expire_grants")
def expire_grants() -> None:
    """Withdraw credit whose time is over."""
    sweeps.run("expire_grants")


@shared_task(name="sweeps.reset_allotments")
def reset_allotments() -> None:
    """Start the cycles that are due."""
    sweeps.run("reset_allotments")


@shared_task(name="sweeps.tell_of_calls")
def tell_of_calls() -> None:
    """Tell where calls stopped or start again and nothing was charged: after midnight, by a floor that was moved."""
    sweeps.run("tell_of_calls")


@shared_task(name="sweeps.tell_of_expiry")
def tell_of_expiry() -> None:
    """Tell of cards and credit that are about to expire."""
    sweeps.run("tell_of_expiry")


@shared_task(name="sweeps.tell_of_spikes")
def tell_of_spikes() -> None:
    """Tell of hours that cost far more than usual."""
    sweeps.run("tell_of_spikes")


@shared_task(name="sweeps.verify_ledger")
def verify_ledger() -> None:
    """Check every invariant and keep the result."""
    sweeps.run("verify_ledger")


@shared_task(name="sweeps.handle_provider_events")
def handle_provider_events() -> None:
    """Handle the notices that no worker was told of, or that failed before."""
    sweeps.run("handle_provider_events")


@shared_task(name="sweeps.check_top_ups")
def check_top_ups() -> None:
    """Ask about the top-ups whose outcome is open."""
    sweeps.run("check_top_ups")


@shared_task(name="sweeps.attempt_auto_top_ups")
def attempt_auto_top_ups() -> None:
    """Charge the cards of wallets that fell below their threshold."""
    sweeps.run("attempt_auto_top_ups")


@shared_task(name="sweeps.check_refunds")
def check_refunds() -> None:
    """Send and look up the refunds whose outcome is open."""
    sweeps.run("check_refunds")


@shared_task(name="sweeps.check_subscriptions")
def check_subscriptions() -> None:
    """Ask about the subscriptions that wait for a payment or a renewal."""
    sweeps.run("check_subscriptions")


@shared_task(name="sweeps.close_periods")
def close_periods() -> None:
    """Close the postpay periods whose late usage has had its time."""
    sweeps.run("close_periods")


@shared_task(name="sweeps.lapse_approvals")
def lapse_approvals() -> None:
    """Close what waits for a second person and cannot be done any more."""
    sweeps.run("lapse_approvals")


@shared_task(name="sweeps.check_invoices")
def check_invoices() -> None:
    """Send, look up and remind of the invoices whose time has come."""
    sweeps.run("check_invoices")


@shared_task(name="sweeps.reconcile_payments")
def reconcile_payments() -> None:
    """Compare the providers' books with ours."""
    sweeps.run("reconcile_payments")


@shared_task(name="sweeps.check_vat_numbers")
def check_vat_numbers() -> None:
    """Ask the register about VAT numbers that are new or due again."""
    sweeps.run("check_vat_numbers")


@shared_task(name="sweeps.prune_webhooks")
def prune_webhooks() -> None:
    """Forget webhooks that were not Stripe's after a month."""
    sweeps.run("prune_webhooks")


@shared_task(name="sweeps.prune_sign_ins")
def prune_sign_ins() -> None:
    """Forget old sign-ins, and sessions that have run out."""
    sweeps.run("prune_sign_ins")


@shared_task(name="sweeps.issue_documents")
def issue_documents() -> None:
    """Issue the receipts, invoices for top-ups and credit notes that are missing."""
    sweeps.run("issue_documents")


@shared_task(name="sweeps.issue_certificates")
def issue_certificates() -> None:
    """Certify the months that are over, and credit what was reversed since."""
    sweeps.run("issue_certificates")


@shared_task(name="sweeps.render_documents")
def render_documents() -> None:
    """Draw the documents that have no PDF yet."""
    sweeps.run("render_documents")

"""What staff see of top-ups, payments and webhooks, and what they do about them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Payment, PaymentDifference, ProviderEvent, TopUp
from billing.providers.base import Notice, Outcome, PaymentFacts
from billing.services import inbox, top_ups
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.topups.paying import balance, open_page, press_pay
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act, token_of


@pytest.fixture
def invoice(make_account: Callable[..., Account]) -> TopUp:
    """Fifty dollars to be paid by transfer."""
    return open_page(make_account("aipbx", name="TechMaster", external_id="tm-1"), provider="bank")


def page(top_up: TopUp) -> str:
    return reverse("admin:billing_topup_change", args=[top_up.pk])


def step(top_up: TopUp, name: str) -> str:
    return reverse(f"admin:billing_topup_{name}", args=[top_up.pk])


def found(client: Client, term: str) -> list[int]:
    listed = client.get(reverse("admin:billing_topup_changelist"), {"q": term})
    return [row.pk for row in listed.context["cl"].result_list]


def transfer(amount: str, reference: str) -> dict[str, Any]:
    today = f"{timezone.now():%Y-%m-%d}"
    return {"amount": amount, "received_on": today, "bank_reference": reference, "reason": "Statement of today"}


def test_a_top_up_is_found_by_number_reference_account_and_amount(invoice: TopUp, staff_client: Client) -> None:
    other = open_page(invoice.wallet.account, "77.77", provider="bank")
    for term in (str(invoice.reference), f"TU-{invoice.pk:06d}", "50", "50.00"):
        assert found(staff_client, term) == [invoice.pk], term
    assert found(staff_client, "77.77") == [other.pk]
    assert set(found(staff_client, "TechMaster")) == set(found(staff_client, "tm-1")) == {invoice.pk, other.pk}
    assert found(staff_client, "nobody") == []


def test_a_transfer_is_recorded_after_a_look_at_what_it_credits(invoice: TopUp, staff_client: Client) -> None:
    asked, done, _ = act(staff_client, step(invoice, "record_transfer"), **transfer("20", "FT-1"))
    assert "Credited" in asked and "+$20.00" in asked and "Open before" in asked
    assert done.status_code == 302 and done["Location"] == page(invoice)
    assert balance(invoice.wallet.account) == 20
    entry = LogEntry.objects.get()
    assert "Mark paid by bank transfer" in entry.change_message and "Statement of today" in entry.change_message
    panels = {panel.title: panel for panel in staff_client.get(page(invoice)).context["panels"]}
    assert "FT-1" in str(panels["Payments"].rows[0][0])
    act(staff_client, step(invoice, "record_transfer"), **transfer("31", "FT-2"))
    invoice.refresh_from_db()
    assert (invoice.status, balance(invoice.wallet.account)) == ("succeeded", 51)
    panels = {panel.title: panel for panel in staff_client.get(page(invoice)).context["panels"]}
    assert panels["Differences"].rows[0][0] == "More money than was asked for"


def test_what_goes_beyond_the_invoice_is_said_before_it_is_recorded(invoice: TopUp, staff_client: Client) -> None:
    asked, _, _ = act(staff_client, step(invoice, "record_transfer"), **transfer("500", "FT-1"))
    assert "Beyond the invoice" in asked and "$450.00" in asked


def test_the_calendar_of_a_form_finds_the_script_it_builds_on(invoice: TopUp, staff_client: Client) -> None:
    body = staff_client.get(step(invoice, "record_transfer")).content.decode()
    assert 0 < body.find("admin/js/core") < body.find("admin/js/calendar")


def test_a_confirmation_sent_twice_records_once(invoice: TopUp, staff_client: Client) -> None:
    address = step(invoice, "record_transfer")
    _, _, data = act(staff_client, address, **transfer("20", "FT-1"))
    again = staff_client.post(address, {**data, "step": "confirm"})
    assert "recorded before" in again.content.decode()
    assert Payment.objects.count() == 1


def test_an_invoice_is_cancelled_with_a_reason(invoice: TopUp, staff_client: Client) -> None:
    asked, done, _ = act(staff_client, step(invoice, "cancel_invoice"), reason="The customer pays by card")
    assert "$50.00" in asked and done.status_code == 302
    invoice.refresh_from_db()
    assert (invoice.status, invoice.failure_message) == ("expired", "The invoice was cancelled.")


def test_only_fitting_actions_are_offered(
    stripe: StripeWorld, account: Account, invoice: TopUp, staff_client: Client
) -> None:
    def offered(top_up: TopUp) -> set[str]:
        html = staff_client.get(page(top_up)).content.decode()
        return {name for name in ("look_up", "record_transfer", "cancel_invoice") if step(top_up, name) in html}

    by_card = open_page(account)
    assert (offered(invoice), offered(by_card)) == ({"record_transfer", "cancel_invoice"}, {"look_up"})
    press_pay(by_card)
    top_ups.check(top_up_id=by_card.pk)
    assert offered(by_card) == set()


def test_looking_up_credits_what_a_lost_webhook_left_open(
    stripe: StripeWorld, account: Account, staff_client: Client
) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    stripe.site.fail_next("/v1/checkout/sessions/*", "cut")
    _, refused, _ = act(staff_client, step(top_up, "look_up"))
    assert "did not answer" in refused.content.decode() and balance(account) == 0
    _, done, _ = act(staff_client, step(top_up, "look_up"))
    assert done.status_code == 302 and balance(account) == 50
    payment = Payment.objects.get()
    shown = staff_client.get(reverse("admin:billing_payment_change", args=[payment.pk])).content.decode()
    assert payment.reference in shown and "Visa ending 4242" in shown


def test_an_event_is_replayed_from_its_page_and_many_from_the_list(
    stripe: StripeWorld, account: Account, staff_client: Client
) -> None:
    press_pay(open_page(account))
    (done,) = stripe.site.events("checkout.session.completed")
    stripe.deliver(done)
    stripe.site.fail_next("/v1/checkout/sessions/*", "500")
    inbox.handle_due()
    event = ProviderEvent.objects.get()
    address = reverse("admin:billing_providerevent_change", args=[event.pk])
    panels = {panel.title: panel for panel in staff_client.get(address).context["panels"]}
    assert "ProviderUnavailableError" in panels["Why it failed"].preformatted
    replay = reverse("admin:billing_providerevent_replay", args=[event.pk])
    _, unreasoned, _ = act(staff_client, replay)
    assert "Say why" in unreasoned.content.decode() and balance(account) == 0
    act(staff_client, replay, reason="Stripe was down")
    event.refresh_from_db()
    assert (event.status, balance(account)) == ("done", 50)
    listed = reverse("admin:billing_providerevent_changelist")
    chosen = {"action": "replay_chosen", "_selected_action": [event.pk]}
    form = staff_client.post(listed, chosen).content.decode()
    asked = staff_client.post(listed, {**chosen, "step": "check", "token": token_of(form), "reason": "To be sure"})
    assert "Handle 1 event anew?" in asked.content.decode()
    assert f'name="_selected_action" value="{event.pk}"' in asked.content.decode()
    event.refresh_from_db()
    assert event.status == "done", "nothing happens before the confirmation"
    staff_client.post(listed, {**chosen, "step": "confirm", "token": token_of(form), "reason": "To be sure"})
    event.refresh_from_db()
    assert (event.status, event.attempts) == ("pending", 0)
    inbox.handle_due()
    assert balance(account) == 50
    said = LogEntry.objects.filter(object_id=event.pk).order_by("id").values_list("change_message", flat=True)
    assert list(said) == [
        "Replay the event. reason: Stripe was down",
        "Replayed with others. reason: To be sure",
    ]


def test_who_may_only_look_cannot_act(invoice: TopUp) -> None:
    event = inbox.receive(notice=Notice("stripe", "evt_1", "payment_intent.succeeded", "payment_intent", "pi_1"))
    client = Client()
    client.force_login(make_clerk("billing.view_topup", "billing.view_providerevent", "billing.view_payment"))
    assert client.get(page(invoice)).status_code == 200
    for name in ("look_up", "record_transfer", "cancel_invoice"):
        assert client.get(step(invoice, name)).status_code == 403
    assert client.get(reverse("admin:billing_providerevent_replay", args=[event.pk])).status_code == 403
    listed = client.get(reverse("admin:billing_providerevent_changelist"))
    assert b"replay_chosen" not in listed.content
    invoice.refresh_from_db()
    assert invoice.status == "pending"


def test_a_top_ups_page_lists_where_the_provider_disagrees(
    stripe: StripeWorld, account: Account, staff_client: Client
) -> None:
    top_up = open_page(account)
    wrong = PaymentFacts(
        Outcome.SUCCEEDED, payment_reference="pi_1", account_id=account.pk, amount=Decimal(1), currency="USD"
    )
    top_ups.settle(top_up_id=top_up.pk, facts=wrong)
    assert PaymentDifference.objects.get().kind == "wrong_amount"
    panels = {panel.title: panel for panel in staff_client.get(page(top_up)).context["panels"]}
    assert [row[:2] for row in panels["Differences"].rows] == [("Another amount", "pi_1")]

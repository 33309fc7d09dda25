"""Calls and events in the back office: found by what a person has in hand, shown line by line, reversed once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from billing.models import Transaction
from organizations.models import Account
from tests.config.admin_rows import charge, key_context
from tests.config.admin_steps import act
from usage.admin import event_search
from usage.models import RejectedEvent, UsageEvent
from usage.services.charge import charge_events
from usage.services.incoming import Rejection


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", external_id="techmaster", name="TechMaster", paid="25")


def page(event: UsageEvent) -> str:
    return reverse("admin:usage_usageevent_change", args=[event.pk])


def found(client: Client, term: str) -> list[str]:
    response = client.get(reverse("admin:usage_usageevent_changelist"), {"q": term})
    return [event.event_id for event in response.context["cl"].result_list]


def test_an_event_is_found_by_its_exact_call_id_event_id_or_account(
    account: Account, make_account: Callable[..., Account], staff_client: Client
) -> None:
    charge(account, "evt-1", call_id="abc@pbx/1?x=%")
    charge(account, "evt-2")
    charge(make_account("aipbx", paid="25"), "evt-3")
    assert found(staff_client, "abc@pbx/1?x=%") == ["evt-1"]
    assert found(staff_client, "evt-2") == ["evt-2"]
    assert sorted(found(staff_client, "techmaster")) == ["evt-1", "evt-2"]
    assert found(staff_client, "ABC@pbx/1?x=%") == []
    assert found(staff_client, "evt") == []


def test_the_search_uses_indexes_and_no_scan(account: Account) -> None:
    charge(account, "evt-1")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in (event_search.BY_CALL, event_search.BY_EVENT_ID):
            cursor.execute(f"EXPLAIN {statement}", {"term": "evt-1", "most": 10})
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan on usage_usageevent" not in plan, plan
            assert "Index" in plan


def test_the_page_shows_the_charge_line_by_line_and_what_paid_for_it(account: Account, staff_client: Client) -> None:
    event = charge(account, "evt-1")
    response = staff_client.get(page(event))
    panels = {panel.title: panel for panel in response.context["panels"]}
    lines = [(row[1], str(row[3]), str(row[4])) for row in panels["Charge"].rows]
    assert [line[0] for line in lines] == ["llm_input", "analytics"]
    assert "1,000 token" in lines[0][1]
    assert len(panels["Paid from"].rows) == 1
    assert reverse("admin:billing_transaction_change", args=[event.transaction_id]) in str(panels["Paid from"].note)
    assert '"call_id"' in response.content.decode().replace("&quot;", '"')


def test_a_charge_is_voided_with_a_reason_once(account: Account, staff_client: Client) -> None:
    event = charge(account, "evt-1")
    address = reverse("admin:usage_usageevent_void", args=[event.pk])
    asked, done, data = act(staff_client, address, reason="Wrong number")
    assert "$0.01" in asked
    assert done.status_code == 302
    event.refresh_from_db()
    assert (event.status, event.void_reason) == (UsageEvent.Status.VOID, "Wrong number")
    account.wallet.refresh_from_db()
    assert account.wallet.paid.amount == Decimal(25)
    staff_client.post(address, {**data, "step": "confirm"})
    assert Transaction.objects.filter(wallet=account.wallet, kind="void").count() == 1
    assert address not in staff_client.get(page(event)).content.decode()


def test_a_charge_is_not_voided_without_a_reason(account: Account, staff_client: Client) -> None:
    event = charge(account, "evt-1")
    _, answer, _ = act(staff_client, reverse("admin:usage_usageevent_void", args=[event.pk]), reason=" ")
    assert "Say why" in answer.context["form"].errors["reason"][0]
    event.refresh_from_db()
    assert event.status == UsageEvent.Status.ACCEPTED


def test_a_rejected_event_is_shown_with_its_reason_and_its_body(account: Account, staff_client: Client) -> None:
    refusal = Rejection("pbx", "evt-9", "nobody", "unknown_account", "No such account.", b'{"id":"evt-9"}')
    charge_events(key=key_context(account.product.services.get()), items=[refusal])
    row = RejectedEvent.objects.get()
    html = staff_client.get(reverse("admin:usage_rejectedevent_change", args=[row.pk])).content.decode()
    assert "No such account." in html
    assert "&quot;id&quot;: &quot;evt-9&quot;" in html


def test_a_simulated_call_says_that_no_money_moved(make_account: Callable[..., Account], staff_client: Client) -> None:
    account = make_account("aipbx", projects=[("pilot", "sandbox")])
    event = charge(account, "evt-1")
    html = staff_client.get(page(event)).content.decode()
    assert "Simulated: no money moved" in html
    assert "there is no transaction" in html

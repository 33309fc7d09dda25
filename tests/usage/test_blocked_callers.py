"""A blocked caller's calls are denied from the next request on; what they cost is taken back by a job."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.models import Account
from tests.config.admin_rows import charge
from tests.config.admin_steps import act
from tests.factories import ApiClient, make_user
from usage.models import BlockedCaller, Rerating
from usage.selectors.blocked import normalised
from usage.services.blocking import block, lift

pytestmark = pytest.mark.django_db
SPAM = "+1 415 555-0100"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", external_id="acme", paid="10")


@pytest.fixture
def client(api: Callable[..., ApiClient]) -> ApiClient:
    return api("aipbx")


def ask(client: ApiClient, account: Account, call_id: str, caller: str | None = SPAM) -> dict[str, Any]:
    wanted = {"account": account.external_id, "call_id": call_id, "channel": "phone"}
    answer = client.post("/api/v1/calls/authorize", wanted if caller is None else {**wanted, "caller": caller})
    assert answer.status_code == 200, answer.content
    return dict(json.loads(answer.content))


def blocked_for(account: Account, *, everywhere: bool = False) -> BlockedCaller:
    return block(
        product_id=account.product_id,
        account_id=None if everywhere else account.pk,
        caller=SPAM,
        reason="Spam",
        user_id=make_user().pk,
    )


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+1 (415) 555-0100", "+14155550100"),
        ("tel:+1-415-555-0100", "+14155550100"),
        ("0014155550100", "+14155550100"),
        ("  4155550100 ", "4155550100"),
        ("Anonymous", "anonymous"),
        (" - ", ""),
    ],
)
def test_a_number_is_compared_without_what_people_write_between_digits(written: str, number: str) -> None:
    assert normalised(written) == number


def test_a_blocked_caller_is_denied_from_the_next_request_and_taken_again_once_lifted(
    account: Account, client: ApiClient, make_account: Callable[..., Account]
) -> None:
    other = make_account("aipbx", paid="10")
    assert ask(client, account, "c-1")["allowed"] is True
    blocked = blocked_for(account)
    denied = ask(client, account, "c-2", "tel:+14155550100")
    assert (denied["allowed"], denied["reason"], denied["message"], denied["hold"]) == (
        False, "call_ended", "Calls from this number are blocked.", None,
    )  # fmt: skip
    assert ask(client, account, "c-1")["allowed"] is True  # the first answer stays while its hold lives
    for call_id, caller in (("c-3", "+14155550101"), ("c-4", None)):
        assert ask(client, account, call_id, caller)["allowed"] is True
    assert ask(client, other, "c-5")["allowed"] is True
    assert lift(blocked_id=blocked.pk, reason="Wrong number", user_id=make_user().pk) is True
    assert ask(client, account, "c-2")["allowed"] is True
    blocked_for(account, everywhere=True)
    assert [ask(client, each, f"n-{each.pk}")["allowed"] for each in (account, other)] == [False, False]


def test_naming_the_caller_costs_no_statement(account: Account, client: ApiClient) -> None:
    counts = []
    for call_id, caller in (("c-0", SPAM), ("c-1", None), ("c-2", SPAM)):
        with CaptureQueriesContext(connection) as queries:
            ask(client, account, call_id, caller)
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_a_number_is_blocked_once_and_what_was_blocked_stays(account: Account) -> None:
    first = blocked_for(account)
    assert blocked_for(account) == first
    lift(blocked_id=first.pk, reason="Wrong", user_id=make_user().pk)
    assert lift(blocked_id=first.pk, reason="Again", user_id=make_user().pk) is False
    assert blocked_for(account) != first
    for change in (
        lambda: BlockedCaller.objects.filter(pk=first.pk).update(reason="Other"),
        lambda: BlockedCaller.objects.filter(pk=first.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
            change()


def test_refusals_say_what_to_do(account: Account, make_account: Callable[..., Account]) -> None:
    stranger = make_account("letustalk")
    given = {"product_id": account.product_id, "user_id": make_user().pk}
    for wrong, field in (
        ({"account_id": None, "caller": " - ", "reason": "Spam"}, "number"),
        ({"account_id": None, "caller": SPAM, "reason": " "}, "reason"),
        ({"account_id": stranger.pk, "caller": SPAM, "reason": "Spam"}, "account"),
    ):
        with pytest.raises(ValidationError) as refused:
            block(**given, **wrong)  # type: ignore[arg-type]
        assert list(refused.value.error_dict) == [field]


def test_staff_block_the_caller_of_a_call_and_have_its_charges_collected(
    account: Account, staff_client: Client
) -> None:
    event = charge(account, "e-1", caller=SPAM)
    page = reverse("admin:usage_usageevent_block_caller", args=[event.pk])
    asked, done, _ = act(staff_client, page, scope="account", reason="Calls all night")
    assert SPAM in asked and done.status_code == 302
    blocked = BlockedCaller.objects.get()
    assert (blocked.number, blocked.account, blocked.written) == ("+14155550100", account, SPAM)
    shown = staff_client.get(reverse("admin:organizations_account_change", args=[account.pk])).content.decode()
    assert "Calls all night" in shown
    waive = reverse("admin:usage_blockedcaller_waive", args=[blocked.pk])
    _, collected, _ = act(
        staff_client, waive, caller=SPAM, first_day=f"{event.day}", last_day=f"{event.day}", reason="Spam"
    )
    job = Rerating.objects.get()
    assert collected["Location"] == reverse("admin:usage_rerating_change", args=[job.pk])
    assert (job.mode, job.account, job.caller, job.state) == ("void", account, SPAM, "previewing")
    account.wallet.refresh_from_db()
    assert account.wallet.paid.amount == D("10") - event.total.amount


def test_staff_block_a_number_by_typing_it(account: Account, staff_client: Client) -> None:
    add = reverse("admin:usage_blockedcaller_add")
    typed = {"product": account.product_id, "account": account.pk, "number": SPAM, "reason": "Spam"}
    assert staff_client.post(add, {**typed, "reason": " "}).status_code == 200
    assert not BlockedCaller.objects.exists()
    assert staff_client.post(add, typed).status_code == 302
    assert BlockedCaller.objects.get().number == "+14155550100"
    lifting = reverse("admin:usage_blockedcaller_lift", args=[BlockedCaller.objects.get().pk])
    act(staff_client, lifting, reason="Wrong number")
    assert BlockedCaller.objects.get().lifted_because == "Wrong number"

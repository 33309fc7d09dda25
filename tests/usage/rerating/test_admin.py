"""Re-rating in the back office: chosen calls and periods, the difference, the confirmation, and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Transaction
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act
from tests.usage.events import charge, event
from tests.usage.rerating.jobs import ask, carry_out, chosen, corrected, period_of
from usage.models import Rerating, UsageEvent
from usage.services.rerating import working

pytestmark = pytest.mark.django_db
LIST = "admin:usage_usageevent_changelist"


@pytest.fixture
def account(bare_account: Callable[..., Any]) -> Any:
    """Two calls of 0.01 that are to cost 0.02."""
    found = bare_account("aipbx", paid="5")
    charge("aipbx", *(event(found, event_id=f"e{n}", call_id=f"c{n}", llm_input_tokens=2000) for n in range(2)))
    corrected(found, "llm_input", "0.010")
    return found


def job_page(job: Rerating) -> str:
    return reverse("admin:usage_rerating_change", args=[job.pk])


def test_checked_calls_are_previewed_and_charged_anew_once_confirmed(account: Any, staff_client: Client) -> None:
    events = list(UsageEvent.objects.order_by("pk").values_list("pk", flat=True))
    sent = {"action": "rerate_chosen", "_selected_action": events}
    address = staff_client.post(reverse(LIST), sent)["Location"]
    assert address.endswith(f"?event={events[0]}&event={events[1]}")
    asked, done, _data = act(staff_client, address, mode="reprice", reason="Wrong contract price")
    assert "Work out the difference?" in asked
    job = Rerating.objects.get()
    assert (done["Location"], job.chosen, job.state) == (job_page(job), events, "previewing")
    assert staff_client.get(job_page(job))["Refresh"] == "3"
    assert working.work(rerating_id=job.pk)
    page = staff_client.get(job_page(job))
    assert "Refresh" not in page
    shown = page.content.decode()
    for words in ("The difference in sum", "By account", "LLM tokens, input", "c1"):
        assert words in shown, words
    confirm = reverse("admin:usage_rerating_confirm", args=[job.pk])
    asked, _done, _data = act(staff_client, confirm)
    assert "Charge anew: 2 calls?" in asked
    assert working.work(rerating_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 2)
    assert Transaction.objects.filter(kind="void", reason="Wrong contract price").count() == 2
    call = staff_client.get(reverse("admin:usage_usageevent_change", args=[events[0]])).content.decode()
    assert "Corrections of this charge" in call


def test_a_period_is_asked_for_and_what_is_wrong_with_it_is_said(account: Any, staff_client: Client) -> None:
    address = reverse("admin:usage_rerating_ask")
    days = {"first_day": "2026-01-01", "last_day": "2026-12-31", "mode": "void", "reason": "Spam"}
    asked, _done, _data = act(staff_client, address, **days)
    assert "Choose an account, or a product for all its accounts." in asked
    backwards = {**days, "first_day": "2026-12-31", "last_day": "2026-01-01", "account": account.pk}
    _asked, done, _data = act(staff_client, address, **backwards)
    assert "Before the first day. Choose a later one." in done.content.decode()
    assert not Rerating.objects.exists()
    act(staff_client, address, **days, account=account.pk)
    job = Rerating.objects.get()
    assert (job.mode, job.account_id, str(job.first_day), job.reason) == ("void", account.pk, "2026-01-01", "Spam")


def test_an_unconfirmed_job_is_stopped_and_a_finished_one_offers_nothing(account: Any, staff_client: Client) -> None:
    job = ask(period_of(account))
    act(staff_client, reverse("admin:usage_rerating_stop", args=[job.pk]))
    job.refresh_from_db()
    assert job.state == "stopped"
    done = carry_out(ask(chosen(list(UsageEvent.objects.all()))))
    shown = staff_client.get(job_page(done)).content.decode()
    assert reverse("admin:usage_rerating_confirm", args=[done.pk]) not in shown
    assert reverse("admin:usage_rerating_stop", args=[done.pk]) not in shown


def test_who_may_only_look_cannot_ask_confirm_or_stop(account: Any) -> None:
    job = ask(period_of(account))
    client = Client()
    client.force_login(make_clerk("usage.view_rerating", "usage.view_usageevent"))
    assert client.get(job_page(job)).status_code == 200
    for name, args in (("ask", []), ("confirm", [job.pk]), ("stop", [job.pk])):
        assert client.get(reverse(f"admin:usage_rerating_{name}", args=args)).status_code == 403
    assert not Transaction.objects.filter(kind="void").exists()

"""Workers that die between any two steps, answers that are cut, a broker that loses everything: money is right after
the sweep, and nobody is charged twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from billing.models import Payment, ProviderEvent, TopUp
from billing.services import inbox, top_ups
from organizations.models import Account
from tests.billing.conftest import StripeWorld
from tests.billing.journal import assert_journal_equals_ledger
from tests.billing.letters import told
from tests.billing.topups.paying import automatic, balance, begin, open_page, press_pay, sweep, time_passes
from tests.config.processes import eventually, own_environment, running

CHARGED = "/v1/payment_intents"
BEFORE_ASKING = "billing.providers.stripe.provider.charges.charge"
SETTLING = (
    "billing.services.settling.settle",
    "billing.services.payments.write",
    "billing.services.payments.Payment.objects.create",
    "billing.services.payments.tell",
    "billing.services.settling.finish",
)
READING = "billing.providers.stripe.provider.notices.facts_of"


class _KilledError(BaseException):
    """A worker's end: nothing catches it."""


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`kill("module.function", worker, …)`: the worker dies where it would call that function."""

    def die(*_: Any, **__: Any) -> None:
        raise _KilledError

    def killed(step: str, worker: Callable[..., Any], **arguments: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(step, die)
            with pytest.raises(_KilledError):
                worker(**arguments)

    return killed


@pytest.mark.parametrize("step", [BEFORE_ASKING, *SETTLING])
def test_a_worker_killed_at_any_step_of_an_automatic_charge_leaves_the_sweep_to_finish_it(
    stripe: StripeWorld, watched: Account, kill: Callable[..., None], step: str
) -> None:
    kill(step, automatic, account=watched)
    top_up = TopUp.objects.get()
    assert (top_up.status, balance(watched)) == ("created", 0)
    sweep()
    top_up.refresh_from_db()
    assert (top_up.status, balance(watched)) == ("succeeded", 50)
    assert len(told.letters("payment:")) == 1
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize("step", [BEFORE_ASKING, SETTLING[0]])
def test_a_worker_killed_while_opening_a_payment_page_leaves_one_page_to_pay_on(
    stripe: StripeWorld, account: Account, kill: Callable[..., None], step: str
) -> None:
    top_up = begin(account)
    kill(step, top_ups.submit, top_up_id=top_up.pk)
    sweep()
    top_up.refresh_from_db()
    assert top_up.status == "pending" and len(stripe.site.objects("checkout.session")) == 1
    press_pay(top_up)
    sweep()
    top_up.refresh_from_db()
    assert (top_up.status, balance(account)) == ("succeeded", 50)
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize("step", [READING, *SETTLING, "billing.services.inbox._done"])
def test_a_worker_killed_at_any_step_of_a_webhook_leaves_the_sweep_to_finish_it(
    stripe: StripeWorld, account: Account, kill: Callable[..., None], step: str
) -> None:
    press_pay(open_page(account))
    (done,) = stripe.site.events("checkout.session.completed")
    stripe.deliver(done)
    event = ProviderEvent.objects.get()
    kill(step, inbox.handle, event_id=event.pk)
    event.refresh_from_db()
    assert (event.status, event.attempts) == ("pending", 1)
    time_passes()
    inbox.handle_due()
    event.refresh_from_db()
    assert (event.status, balance(account)) == ("done", 50)
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize("answer", ["cut", "500-after"])
@pytest.mark.parametrize("webhook", ["before", "after", "never"])
def test_a_charge_whose_answer_is_lost_is_credited_once_and_never_repeated(
    stripe: StripeWorld, watched: Account, answer: str, webhook: str
) -> None:
    stripe.site.fail_next(CHARGED, answer, method="POST")
    top_up = automatic(watched)
    assert (top_up.status, balance(watched)) == ("unknown", 0)
    if webhook == "before":
        stripe.deliver()
        inbox.handle_due()
        assert balance(watched) == 50
    sweep()
    if webhook == "after":
        stripe.deliver()
        inbox.handle_due()
    top_up.refresh_from_db()
    assert (top_up.status, balance(watched)) == ("succeeded", 50)
    assert len(stripe.site.objects("charge")) == 1
    assert_journal_equals_ledger(stripe)


@pytest.mark.parametrize("answer", ["lost", "429"])
def test_a_charge_that_never_reached_stripe_is_sent_again_with_the_same_key(
    stripe: StripeWorld, watched: Account, answer: str
) -> None:
    stripe.site.fail_next(CHARGED, answer, method="POST")
    assert automatic(watched).status == "unknown"
    sweep()
    assert balance(watched) == 50
    assert len(stripe.site.objects("charge")) == 1
    assert_journal_equals_ledger(stripe)


def test_a_payment_page_whose_answer_was_cut_is_opened_once(stripe: StripeWorld, account: Account) -> None:
    stripe.site.fail_next("/v1/checkout/sessions", "cut", method="POST")
    top_up = top_ups.submit(top_up_id=begin(account).pk)
    assert (top_up.status, top_up.redirect_url) == ("unknown", "")
    sweep()
    top_up.refresh_from_db()
    assert top_up.status == "pending" and len(stripe.site.objects("checkout.session")) == 1
    press_pay(top_up)
    sweep()
    assert balance(account) == 50
    assert_journal_equals_ledger(stripe)


def test_an_unanswered_look_up_changes_nothing(stripe: StripeWorld, account: Account) -> None:
    top_up = open_page(account)
    press_pay(top_up)
    stripe.site.fail_next("/v1/checkout/sessions/*", "cut", times=3)
    sweep()
    top_up.refresh_from_db()
    assert top_up.status == "pending" and top_up.next_check_at is not None
    stripe.site.clear_faults()
    sweep()
    assert balance(account) == 50
    assert_journal_equals_ledger(stripe)


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_hears_nothing_loses_nothing(
    stripe: StripeWorld, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deaf(*_: Any, **__: Any) -> None:
        raise OperationalError("the broker is away")

    monkeypatch.setattr("celery.app.base.Celery.send_task", deaf)
    press_pay(open_page(account))
    assert set(stripe.deliver()) == {200}
    assert balance(account) == 0
    sweep()
    assert (balance(account), Payment.objects.count()) == (50, 1)
    assert_journal_equals_ledger(stripe)


WORKER = """
import os, django
django.setup()
from billing.services import settling, payments, top_ups
{step} = lambda *_, **__: os._exit(9)
top_ups.submit(top_up_id={top_up})
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["settling.settle", "payments.tell", "settling.finish"])
def test_a_process_that_is_gone_in_the_middle_of_it_leaves_the_sweep_to_finish_it(
    stripe: StripeWorld, watched: Account, kill: Callable[..., None], step: str, tmp_path: Path
) -> None:
    kill(BEFORE_ASKING, automatic, account=watched)
    top_up = TopUp.objects.get()
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STRIPE_API_HOST": stripe.url,
        "STRIPE_TEST_SECRET_KEY": "sk_test_" + "standin0" * 4,
    }
    log = tmp_path / "worker.log"
    with running(["-c", WORKER.format(step=step, top_up=top_up.pk)], own_environment(tmp_path, **own), log) as worker:
        eventually(lambda: worker.poll() is not None, log)
        assert worker.returncode == 9, log.read_text()
    assert len(stripe.site.journal()) == 1
    top_up.refresh_from_db()
    assert (top_up.status, balance(watched)) == ("created", 0)
    sweep()
    top_up.refresh_from_db()
    assert (top_up.status, balance(watched)) == ("succeeded", 50)
    assert_journal_equals_ledger(stripe)

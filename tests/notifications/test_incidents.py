"""Incidents: one open per account and kind, dismissed once, back with a fresh failure."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from notifications.models import Incident
from notifications.selectors.incidents import open_incidents
from notifications.services.incidents import dismiss, open_incident, resolve
from organizations.models import Account
from tests.billing.threads import at_once
from tests.factories import make_member

KIND = "auto_top_up"


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("atllasx")


def test_a_dismissed_incident_is_not_shown_again_and_a_fresh_failure_is(account: Account) -> None:
    reader = make_member(account)
    first = open_incident(account_id=account.pk, kind=KIND, reason="card_declined", details={"amount": "200.000000"})
    assert open_incidents(account.pk) == [first]
    dismissed = dismiss(incident=first, user=reader)
    assert dismissed.dismissed_by == reader
    assert open_incidents(account.pk) == []
    second = open_incident(account_id=account.pk, kind=KIND, reason="card_declined")
    assert open_incidents(account.pk) == [second]
    first.refresh_from_db()
    assert first.resolved_at is not None
    assert (first.details, second.details) == ({"amount": "200.000000"}, {})


def test_a_failure_takes_the_place_of_the_one_before_it(account: Account) -> None:
    open_incident(account_id=account.pk, kind=KIND, reason="no_payment_method")
    second = open_incident(account_id=account.pk, kind=KIND, reason="card_declined", subject="top_up:7")
    assert [(each.reason, each.subject) for each in open_incidents(account.pk)] == [("card_declined", "top_up:7")]
    assert Incident.objects.filter(resolved_at__isnull=True).get() == second


def test_a_resolved_incident_is_gone_and_cannot_be_dismissed_any_more(account: Account) -> None:
    incident = open_incident(account_id=account.pk, kind=KIND, reason="card_declined")
    assert resolve(account_id=account.pk, kind=KIND) == 1
    assert resolve(account_id=account.pk, kind=KIND) == 0
    assert open_incidents(account.pk) == []
    assert dismiss(incident=incident, user=make_member(account)).dismissed_at is None


def test_the_first_who_dismisses_is_the_one_who_did(account: Account) -> None:
    incident = open_incident(account_id=account.pk, kind=KIND, reason="card_declined")
    first, second = make_member(account), make_member(account)
    when = dismiss(incident=incident, user=first).dismissed_at
    again = dismiss(incident=incident, user=second)
    assert (again.dismissed_by, again.dismissed_at) == (first, when)


def test_incidents_of_another_kind_and_of_another_account_stay(
    account: Account, make_account: Callable[..., Account]
) -> None:
    other = make_account("atllasx")
    kept = [
        open_incident(account_id=account.pk, kind="dispute", reason="opened"),
        open_incident(account_id=other.pk, kind=KIND, reason="card_declined"),
    ]
    open_incident(account_id=account.pk, kind=KIND, reason="card_declined")
    resolve(account_id=account.pk, kind=KIND)
    assert open_incidents(account.pk) == kept[:1]
    assert open_incidents(other.pk) == kept[1:]


def test_the_database_holds_one_open_incident_of_a_kind(account: Account) -> None:
    incident = open_incident(account_id=account.pk, kind=KIND, reason="card_declined")
    incident.pk = None
    with pytest.raises(IntegrityError, match="incident_one_open"), transaction.atomic():
        incident.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_of_eight_failures_at_once_one_is_open(make_account: Callable[..., Account]) -> None:
    account = make_account("atllasx")
    fail = partial(open_incident, account_id=account.pk, kind=KIND, reason="card_declined")
    answers = at_once([fail] * 8)
    assert [type(each) for each in answers] == [Incident] * 8
    assert len(open_incidents(account.pk)) == 1
    assert Incident.objects.count() == 8

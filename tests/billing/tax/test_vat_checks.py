"""Asking the register about VAT numbers: who is asked and when, what is kept, and that nobody ever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from billing.models import VatCheck
from billing.providers import vies
from billing.providers.base import ProviderUnavailableError
from billing.selectors.vat_checks import vat_standing
from billing.services import vat_checks
from organizations.models import Account, Organization
from organizations.services import organizations
from organizations.services.organizations import Details
from tests.factories import make_user
from tests.fakes.http import Server
from tests.fakes.vies import ViesSite

NUMBER, OTHER = "FR76823400106", "FR40303265045"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Make = Callable[..., Account]


@pytest.fixture
def site(settings: Any) -> Iterator[ViesSite]:
    site = ViesSite()
    with Server({"/vies": site}) as server:
        settings.VIES_URL = f"{server.url}/vies"
        yield site


@pytest.fixture(autouse=True)
def _outside_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A register that hangs must never hold a lock of ours."""
    ask = vies.ask

    def asked(number: str, **options: Any) -> Any:
        assert all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
        return ask(number, **options)

    monkeypatch.setattr(vies, "ask", asked)


@pytest.fixture
def buyer(make_account: Make) -> Organization:
    """A French business of a product with a German issuer."""
    return Organization.objects.create(
        account=make_account("letustalk"), name="Brightwave SAS", country="FR", tax_id=NUMBER, is_default=True
    )


def states() -> list[tuple[str, str, int]]:
    return list(VatCheck.objects.order_by("id").values_list("number", "state", "failures"))


def is_valid(buyer: Organization) -> bool:
    buyer.refresh_from_db()
    return vat_standing(buyer).is_valid


def test_an_answer_is_kept_with_its_proof(site: ViesSite, buyer: Organization) -> None:
    with time_machine.travel(NOW, tick=False):
        found = vat_checks.check(organization_id=buyer.pk)
    assert found is not None
    assert (found.number, found.state, found.name) == (NUMBER, "valid", "COMPANY 76823400106")
    assert (found.address, found.consultation_number) == ("1 EXAMPLE STREET\n00000 TOWN", "WAPIAAAA00000001")
    assert (found.checked_at, found.next_check_at) == (NOW, NOW + timedelta(days=91))
    assert found.raw["valid"] is True
    assert site.asked == [
        {
            "countryCode": "FR",
            "vatNumber": "76823400106",
            "requesterMemberStateCode": "DE",
            "requesterNumber": "314827053",
        }
    ]


def test_what_a_state_keeps_to_itself_is_empty(site: ViesSite, make_account: Make) -> None:
    row = Organization.objects.create(account=make_account("aitelier"), name="A", country="DE", tax_id="DE136695976")
    found = vat_checks.check(organization_id=row.pk)
    assert found is not None
    assert (found.state, found.name, found.address, found.consultation_number) == ("valid", "", "", "")
    assert site.asked == [{"countryCode": "DE", "vatNumber": "136695976"}]  # an American issuer has no VAT number


def test_a_number_that_is_not_in_the_register_ends_reverse_charge(site: ViesSite, buyer: Organization) -> None:
    assert is_valid(buyer)
    site.forget(NUMBER)
    vat_checks.check(organization_id=buyer.pk)
    assert states() == [(NUMBER, "invalid", 0)]
    assert not is_valid(buyer)


@pytest.mark.parametrize("how", ["MS_UNAVAILABLE", "GLOBAL_MAX_CONCURRENT_REQ", "TIMEOUT", "500", "lost", "garbage"])
def test_while_it_is_down_form_and_check_digits_decide(site: ViesSite, buyer: Organization, how: str) -> None:
    site.fail_next(how, times=2)
    with time_machine.travel(NOW, tick=False) as clock:
        assert vat_checks.check_due() == 0
        assert (states(), is_valid(buyer)) == ([(NUMBER, "unavailable", 1)], True)
        note = VatCheck.objects.get().note
        assert how in note if how.isupper() else note.startswith("VIES did not ")
        assert (vat_checks.check_due(), len(site.asked)) == (0, 1)  # five minutes have not passed
        clock.shift(timedelta(minutes=5))
        assert vat_checks.check_due() == 0
        clock.shift(timedelta(minutes=15))
        assert vat_checks.check_due() == 1
    assert (states(), len(site.asked)) == ([(NUMBER, "valid", 0)], 3)
    assert VatCheck.objects.get().note == ""


def test_it_is_asked_again_every_quarter_and_answers_are_kept(site: ViesSite, buyer: Organization) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        assert vat_checks.check_due() == 1
        clock.shift(timedelta(days=90))
        assert vat_checks.check_due() == 0
        clock.shift(timedelta(days=1))
        site.forget(NUMBER)
        site.fail_next("MS_UNAVAILABLE")
        assert (vat_checks.check_due(), is_valid(buyer)) == (0, True)  # the last answer stands
        clock.shift(timedelta(minutes=5))
        assert (vat_checks.check_due(), is_valid(buyer)) == (1, False)
    assert states() == [(NUMBER, "valid", 0), (NUMBER, "invalid", 0)]
    assert VatCheck.objects.filter(next_check_at__isnull=False).count() == 1


def test_another_number_is_another_question(site: ViesSite, buyer: Organization) -> None:
    site.forget(NUMBER)
    vat_checks.check_due()
    Organization.objects.update(tax_id=OTHER)
    assert is_valid(buyer)
    assert vat_checks.check_due() == 1
    assert states() == [(NUMBER, "invalid", 0), (OTHER, "valid", 0)]
    with time_machine.travel(NOW + timedelta(days=400), tick=False):
        vat_checks.check_due()
    assert [row["vatNumber"] for row in site.asked] == ["76823400106", "40303265045", "40303265045"]


def test_what_cannot_be_a_number_is_not_asked_about(site: ViesSite, make_account: Make) -> None:
    account = make_account("letustalk")
    for country, tax_id in (("FR", "FR76823400107"), ("FR", "DE136695976"), ("US", "12-3456789"), ("DE", "")):
        Organization.objects.create(account=account, name="A", country=country, tax_id=tax_id)
    assert (vat_checks.check_due(), vat_checks.check_due(), site.asked) == (0, 0, [])
    assert states() == [("FR76823400107", "invalid", 0), ("DE136695976", "invalid", 0)]


def test_saved_details_ring_for_a_worker(
    monkeypatch: pytest.MonkeyPatch, make_account: Make, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr("billing.services.doorbells._send", lambda task, arguments: rung.append((task, arguments)))
    account, user = make_account("letustalk"), make_user()
    details = Details(name="Brightwave SAS", country="FR", tax_id=NUMBER)
    with django_capture_on_commit_callbacks(execute=True):
        row = organizations.add(account_id=account.pk, details=details, user_id=user.pk)
        assert rung == []
    with django_capture_on_commit_callbacks(execute=True):
        organizations.add(
            account_id=account.pk, details=Details(name="B", country="US", tax_id="12-3456789"), user_id=user.pk
        )
        organizations.change(account_id=account.pk, organization_id=row.pk, details=details, user_id=user.pk)
    assert rung == [("billing.check_vat_number", (row.pk,))] * 2


def test_staff_may_have_it_asked_at_once(site: ViesSite, buyer: Organization) -> None:
    vat_checks.check(organization_id=buyer.pk)
    vat_checks.check(organization_id=buyer.pk)
    assert len(site.asked) == 1
    site.forget(NUMBER)
    vat_checks.ask_again(organization_id=buyer.pk)
    vat_checks.check(organization_id=buyer.pk)
    assert (states(), is_valid(buyer)) == ([(NUMBER, "valid", 0), (NUMBER, "invalid", 0)], False)


def test_without_a_register_nobody_is_asked(site: ViesSite, buyer: Organization, settings: Any) -> None:
    settings.VAT_REGISTER = ""
    assert (vat_checks.check(organization_id=buyer.pk), vat_checks.check_due()) == (None, 0)
    assert (states(), site.asked, is_valid(buyer)) == ([], [], True)


def test_the_register_speaks_as_the_unions_does(site: ViesSite) -> None:
    with pytest.raises(ProviderUnavailableError, match="VIES did not say: INVALID_INPUT"):
        vies.ask("ZZ123")
    with pytest.raises(ProviderUnavailableError, match="VIES did not say: INVALID_REQUESTER_INFO"):
        vies.ask(NUMBER, asked_by="US123")
    assert not vies.ask("FR12345678999").is_valid

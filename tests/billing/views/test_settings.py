"""Settings: name, timezone, languages and tax, who may change which, and what a new timezone means for today."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from billing.models import ProductTerms, TaxRate, TopUpTerms, Transaction, Wallet
from billing.verification.run import verify
from billing.views.settings_zones import typed_zone, zones
from organizations.models import Account, Organization, Role, User
from organizations.services.accounts import change_account
from tests.billing.documents.issued import make_issuer
from tests.billing.threads import ended_without_waiting
from tests.factories import ApiClient, make_user
from tests.usage.conftest import bare_account
from tests.usage.events import charge, event, key_of
from usage.services.void import void_event

__all__ = ["bare_account"]

QUERIES_AT_MOST = 15
NOW = datetime(2026, 11, 21, tzinfo=UTC)
D = Decimal
Make = Callable[..., Account]
Reader = Callable[..., Client]


@pytest.fixture
def account(bare_account: Make) -> Account:
    return bare_account("aitelier", name="Harbor Dental", paid="50", timezone="America/New_York")


def save(client: Client, name: str = "Harbor Dental", timezone: str = "America/New_York", language: str = "") -> Any:
    return client.post(reverse("settings"), {"name": name, "timezone": timezone, "language": language}, follow=True)


def page_of(client: Client) -> str:
    return str(client.get(reverse("settings")).content.decode())


def kept(account: Account) -> tuple[str, str, str]:
    account.refresh_from_db()
    return account.name, account.timezone, account.language


def today_of(account: Account) -> tuple[date | None, Decimal]:
    wallet = Wallet.objects.get(account=account)
    return wallet.spent_on, wallet.spent_today.amount


def test_an_owner_changes_name_timezone_and_language(account: Account, reader: Reader) -> None:
    client = reader(account)
    page = save(client, "  Harbor   Dental Ltd ", "berlin", "ru")
    assert page.redirect_chain == [(reverse("settings"), 303)]
    assert kept(account) == ("Harbor Dental Ltd", "Europe/Berlin", "ru")
    assert page["Content-Language"] == "ru"


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_saved(account: Account, reader: Reader) -> None:
    client = reader(account)
    for sent, errors in (
        ({"name": " "}, {"name": "Enter the name."}),
        ({"name": "x" * 256}, {"name": "Write at most 255 characters."}),
        ({"timezone": "Mars"}, {"timezone": "This is not the name of a time zone, such as America/New_York."}),
        ({"timezone": ""}, {"timezone": "This is not the name of a time zone, such as America/New_York."}),
        ({"language": "tlh"}, {"language": "Choose a language from the list."}),
    ):
        page = save(client, **sent)
        assert (page.status_code, page.context["form"].errors) == (422, errors)
    assert kept(account) == ("Harbor Dental", "America/New_York", "")


def test_a_name_may_be_written_in_any_script(account: Account, reader: Reader) -> None:
    client = reader(account)
    for name in ("क्\u200dष नमूना", "डेंटल"):
        save(client, name)
        assert kept(account)[0] == name
    for name in ("a\x00b", "a\u202eb", "a\u2028b\x07"):
        assert save(client, name).context["form"].errors == {"name": "Enter the name."}


@pytest.mark.parametrize("role", [Role.BILLING, Role.VIEWER])
def test_others_read_the_account_and_change_nothing(account: Account, reader: Reader, role: Role) -> None:
    client = reader(account, role)
    html = page_of(client)
    assert "Owners of the account can change it." in html
    assert 'name="timezone"' not in html
    assert save(client, "Mine").status_code == 403
    assert kept(account)[0] == "Harbor Dental"


def test_everybody_chooses_an_own_language(account: Account, reader: Reader) -> None:
    Account.objects.update(language="ru")
    client = reader(account, Role.VIEWER)
    assert client.get(reverse("settings"))["Content-Language"] == "ru"
    own = reverse("settings_language")
    assert client.post(own, {"own_language": "en"}, follow=True)["Content-Language"] == "en"
    assert "As the account: Русский" in page_of(client)
    assert client.post(own, {"own_language": ""}, follow=True)["Content-Language"] == "ru"
    assert User.objects.get().language == ""
    assert client.post(own, {"own_language": "tlh"}).status_code == 404


def test_time_zones_are_found_by_their_city() -> None:
    known = {each.name: each for each in zones(NOW)}
    assert (known["Asia/Kolkata"].place, known["Asia/Kolkata"].offset) == ("Kolkata, India", "UTC+05:30")
    assert "Asia/Calcutta" not in known
    typed = ["new york", " asia/kolkata ", "Asia/Calcutta", "utc", "Atlantis"]
    assert [typed_zone(each) for each in typed] == [
        "America/New_York", "Asia/Kolkata", "Asia/Calcutta", "UTC", "Atlantis",
    ]  # fmt: skip
    with translation.override("ru"):
        assert {each.name: each.place for each in zones(NOW)}["Europe/Kyiv"] == "Киев, Украина"
        assert [typed_zone(each) for each in ("москва", "Berlin")] == ["Europe/Moscow", "Europe/Berlin"]


# The tax


def organization(account: Account, **details: str) -> Organization:
    return Organization.objects.create(
        account=account, is_default=True, **{"name": "Harbor GmbH", "country": "DE", "tax_id": "DE136695976", **details}
    )


def tax(client: Client, **sent: str) -> Any:
    body = {"country": "DE", "region": "", "tax_id": "DE136695976", **sent}
    return client.post(reverse("settings_tax"), body, follow=True)


def test_the_treatment_follows_the_country(account: Account, reader: Reader) -> None:
    TaxRate.objects.all().delete()
    TaxRate.objects.create(name="VAT", country="DE", percent=D("19"), valid_from=date(2020, 1, 1))
    TaxRate.objects.create(name="Sales tax", country="US", region="NY", percent=D("8.875"), valid_from=date(2020, 1, 1))
    client = reader(account, Role.BILLING)
    assert "United States: no tax is added to top-ups." in page_of(client)
    assert "there is none yet" in page_of(client)
    row = organization(account)
    assert "Germany, reverse charge: no VAT is added, you account for it under DE136695976." in page_of(client)
    Organization.objects.update(tax_id="DE136695977")
    words = "Germany: every top-up is charged with VAT 19%. With a valid VAT number it would be none."
    assert words in page_of(client)
    ProductTerms.objects.update(issuer=None)
    assert "Germany: every top-up is charged with VAT 19%." in page_of(client)
    assert "With a valid VAT number" not in page_of(client)
    page = tax(client, country="US", region="ny", tax_id="12-3456789").content.decode()
    assert "NY, United States: every top-up is charged with Sales tax 8.875%." in page
    row.refresh_from_db()
    assert (row.country, row.region, row.tax_id, row.name) == ("US", "NY", "12-3456789", "Harbor GmbH")


def test_other_treatments_are_said_as_they_are(account: Account, reader: Reader) -> None:
    client = reader(account)
    Account.objects.update(country="")
    assert "No country is known yet, so no tax is added to top-ups." in page_of(client)
    ProductTerms.objects.update(issuer=make_issuer(taxes_top_ups=False))
    assert "Tax, where it is due, stands on the invoice of the period." in page_of(client)
    TopUpTerms.objects.filter(product=account.product).delete()
    assert "Nothing is paid here, so no tax is added here." in page_of(client)


def test_a_tax_id_is_checked_as_everywhere(account: Account, reader: Reader) -> None:
    row = organization(account)
    client = reader(account)
    wrong = tax(client, tax_id="DE12")
    assert (wrong.status_code, wrong.context["tax"].found.errors.keys()) == (422, {"tax_id"})
    doubtful = tax(client, tax_id="DE136695977")
    assert doubtful.status_code == 200
    assert "Save as it is" in doubtful.content.decode()
    row.refresh_from_db()
    assert row.tax_id == "DE136695976"
    tax(client, tax_id="DE136695977", accepted=doubtful.context["tax"].accepted)
    row.refresh_from_db()
    assert row.tax_id == "DE136695977"


def test_what_a_new_country_makes_wrong_elsewhere_is_said(account: Account, reader: Reader) -> None:
    organization(account, bank_account="DE89370400440532013000")
    page = tax(reader(account), country="IN", tax_id="27AAPFU0939F1ZV")
    assert page.status_code == 422
    assert "Bank account: An account number has 9 to 18 digits." in page.content.decode()
    assert Organization.objects.get().country == "DE"


def test_viewers_read_the_tax_id_and_change_nothing(account: Account, reader: Reader) -> None:
    organization(account)
    client = reader(account, Role.VIEWER)
    assert "DE136695976" in page_of(client)
    assert 'name="tax_id"' not in page_of(client)
    assert tax(client, tax_id="DE811569869").status_code == 403
    assert Organization.objects.get().tax_id == "DE136695976"


def test_without_an_organization_there_is_no_tax_id_to_change(account: Account, reader: Reader) -> None:
    assert tax(reader(account)).status_code == 404


# The day


def spend(account: Account, cents: int, **more: Any) -> None:
    charge("aipbx", event(account, stt_seconds=cents * 100, **more))


def allowed(api: Callable[..., ApiClient], account: Account, call_id: str) -> bool:
    body = {"account": account.external_id, "project": "main", "call_id": call_id, "channel": "phone"}
    return bool(api("aipbx").post("/api/v1/calls/authorize", {**body, "direction": "inbound"}).json()["allowed"])


def test_moving_west_and_east_counts_the_day_from_the_midnight_there(
    bare_account: Make, reader: Reader, api: Callable[..., ApiClient]
) -> None:
    with time_machine.travel(datetime(2026, 12, 20, 20, 0, tzinfo=UTC)) as clock:  # Kolkata: 01:30 on the 21st
        account = bare_account("aipbx", paid="50", timezone="Asia/Kolkata", daily_cap=D("0.50"))
        client = reader(account)
        spend(account, 10)
        clock.move_to(datetime(2026, 12, 21, 3, 0, tzinfo=UTC))  # Kolkata: 08:30; New York: 22:00 on the 20th
        spend(account, 20)
        assert today_of(account) == (date(2026, 12, 21), D("0.3"))

        page = save(client, "Acme", "America/New_York").content.decode()
        assert "Saved. Today began at midnight in New York: $0.30 spent so far." in page
        assert today_of(account) == (date(2026, 12, 20), D("0.3"))
        spend(account, 20)
        assert today_of(account) == (date(2026, 12, 20), D("0.5"))
        assert not allowed(api, account, "c-1")
        clock.move_to(datetime(2026, 12, 21, 5, 0, tzinfo=UTC))  # midnight in New York
        assert allowed(api, account, "c-2")
        spend(account, 5)
        assert today_of(account) == (date(2026, 12, 21), D("0.05"))
        assert verify() == []

        clock.move_to(datetime(2026, 12, 21, 19, 0, tzinfo=UTC))  # Kolkata: 00:30 on the 22nd
        page = save(client, "Acme", "Asia/Kolkata").content.decode()
        assert "Saved. Today began at midnight in Kolkata: $0.00 spent so far." in page
        assert today_of(account) == (date(2026, 12, 22), D(0))
        assert verify() == []
        spend(account, 7)
        assert today_of(account) == (date(2026, 12, 22), D("0.07"))
        assert verify() == []
    days = Transaction.objects.filter(kind="call").order_by("number").values_list("day", flat=True)
    assert [f"{day:%d}" for day in days] == ["21", "21", "20", "21", "22"]  # as they were charged


def test_a_reversal_lowers_the_day_that_its_charge_lies_in_now(bare_account: Make, reader: Reader) -> None:
    with time_machine.travel(datetime(2026, 12, 20, 20, 0, tzinfo=UTC)) as clock:
        account = bare_account("aipbx", paid="50", timezone="Asia/Kolkata")
        spend(account, 10, event_id="early")
        clock.move_to(datetime(2026, 12, 21, 3, 0, tzinfo=UTC))
        spend(account, 20, event_id="late")
        save(reader(account), "Acme", "America/New_York")
        void_event(key=key_of("aipbx"), source="pbx", event_id="early", reason="A test")
        assert today_of(account) == (date(2026, 12, 20), D("0.2"))
        assert verify() == []
        save(reader(account), "Acme", "UTC")
        assert today_of(account) == (date(2026, 12, 21), D("0.2"))
        void_event(key=key_of("aipbx"), source="pbx", event_id="late", reason="A test")
        assert today_of(account) == (date(2026, 12, 21), D(0))
        assert verify() == []


def test_staff_who_move_an_account_count_its_day_anew_too(bare_account: Make, staff_client: Client) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 3, 0, tzinfo=UTC), tick=False):
        account = bare_account("aipbx", paid="50", timezone="Asia/Kolkata")
        spend(account, 20)
        address = reverse("admin:organizations_account_change", args=[account.pk])
        body = {"name": "Acme", "email": "jo@example.com", "country": "US", "timezone": "America/New_York"}
        assert staff_client.post(address, body).status_code == 302
    assert kept(account) == ("Acme", "America/New_York", "")
    assert account.email == "jo@example.com"
    assert today_of(account) == (date(2026, 11, 20), D("0.2"))


@pytest.mark.parametrize(
    ("before", "after", "today"), [("UTC", "Pacific/Kiritimati", 22), ("Pacific/Kiritimati", "UTC", 21)]
)
def test_a_charge_that_waited_for_a_move_counts_towards_the_new_day(
    transactional_db: None, bare_account: Make, before: str, after: str, today: int
) -> None:
    with time_machine.travel(datetime(2026, 12, 21, 8, 0, tzinfo=UTC)) as clock:  # Kiritimati: 22:00
        account = bare_account("aipbx", paid="50", timezone=before)
        spend(account, 10)
        clock.move_to(datetime(2026, 12, 21, 12, 0, tzinfo=UTC))  # Kiritimati: 02:00 on the 22nd

        def late() -> None:
            spend(account, 20)
            connection.close()

        thread = Thread(target=late)
        with transaction.atomic():
            change_account(account_id=account.pk, name="Acme", timezone=after, language="", user_id=None)
            thread.start()
            assert not ended_without_waiting(thread)
        thread.join()
        since_midnight = D("0.2") if after == "Pacific/Kiritimati" else D("0.3")
        assert today_of(account) == (date(2026, 12, today), since_midnight)
        assert verify() == []


def test_a_move_without_usage_counts_nothing(account: Account, reader: Reader) -> None:
    save(reader(account), timezone="UTC")
    assert today_of(account) == (None, D(0))


def test_a_change_is_logged_with_who_made_it(
    account: Account, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    client = reader(account)
    with caplog.at_level(logging.INFO, "organizations.services.accounts"):
        save(client, "Harbor")
        save(client, "Harbor")
    (message,) = [each for each in caplog.messages if "changed account" in each]
    assert message.startswith(f"User {User.objects.get().pk} changed account {account.pk} from ('Harbor Dental', ")


def test_the_pages_take_few_queries(account: Account, reader: Reader, statements: Callable[[], Any]) -> None:
    organization(account)
    client = reader(account)
    for name in ("settings", "security"):
        with statements() as sent:
            assert client.get(reverse(name)).status_code == 200
        assert len(sent) <= QUERIES_AT_MOST, name


def test_settings_lead_to_their_parts(account: Account, reader: Reader) -> None:
    client = reader(account)
    assert f'href="{reverse("settings")}"' in client.get(reverse("overview")).content.decode()
    for name in ("settings", "members", "security"):
        html = client.get(reverse(name)).content.decode()
        assert all(f'href="{reverse(each)}"' in html for each in ("settings", "members", "security"))


def test_all_parts_speak_the_accounts_language(account: Account, reader: Reader) -> None:
    Account.objects.filter(pk=account.pk).update(language="ru")
    client = reader(account)
    for name in ("settings", "members", "security"):
        assert client.get(reverse(name))["Content-Language"] == "ru", name


def test_somebody_without_an_account_has_only_security(client: Client, db: None) -> None:
    client.force_login(make_user(email="alone@example.com"))
    assert "is a member of no account" in page_of(client)
    assert "How alone@example.com signs in." in client.get(reverse("security")).content.decode()

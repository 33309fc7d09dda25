"""Whose language is spoken: the person's, else the account's, else the one chosen or the browser's, else English."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client
from django.utils import translation

from billing.templatetags.money import money_text
from notifications.models import Delivery, Event
from notifications.services.fan_out import expand_due
from notifications.services.notices import Told, tell
from notifications.services.staff_mail import Letter, tell_staff
from organizations.languages import speaking
from organizations.models import Account, Role, User
from tests.factories import make_member, make_user

HEADINGS = {"en": "Overview", "ru": "Обзор", "hi": "अवलोकन"}


def language_of_page(response: object) -> str:
    found = re.search(r'<html lang="(\w+)"', response.content.decode())  # type: ignore[attr-defined]
    assert found is not None
    assert response.headers["Content-Language"] == found[1]  # type: ignore[attr-defined]
    return found[1]


def reader(user: User, browser: str = "") -> Client:
    client = Client(headers={"Accept-Language": browser} if browser else {})
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("person", "account", "browser", "spoken"),
    [
        ("ru", "hi", "en-US", "ru"),
        ("", "hi", "ru", "hi"),
        ("", "", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("", "", "fr,hi;q=0.5", "hi"),
        ("", "", "fr", "en"),
        ("", "", "", "en"),
        ("xx", "", "ru", "ru"),
        ("en", "ru", "hi", "en"),
    ],
)
def test_the_persons_language_comes_before_the_accounts_and_the_browsers(
    make_account: Callable[..., Account], person: str, account: str, browser: str, spoken: str
) -> None:
    customer = make_account("aipbx")
    Account.objects.filter(pk=customer.pk).update(language=account)
    response = reader(make_member(customer, Role.OWNER, language=person), browser).get("/billing/")
    assert language_of_page(response) == spoken
    assert 'aria-current="page"' in response.content.decode()
    assert HEADINGS[spoken] in response.content.decode()


def test_the_next_request_of_a_thread_begins_in_english(make_account: Callable[..., Account]) -> None:
    member = make_member(make_account("aipbx"), Role.OWNER, language="ru")
    assert language_of_page(reader(member, "de").get("/billing/")) == "ru"
    assert translation.get_language() == "en"
    assert money_text(Decimal("1234.5"), "USD") == "$1,234.50"


def test_staffs_pages_and_the_api_are_english(staff: User) -> None:
    staff.language = "ru"
    staff.save()
    response = reader(staff, "ru").get("/admin/")
    assert language_of_page(response) == "en"
    assert (
        Client(headers={"Accept-Language": "ru"}).get("/api/v1/accounts").headers.get("Content-Language", "en") == "en"
    )


def test_the_entrance_speaks_the_language_that_is_chosen_at_its_foot(db: None) -> None:
    client = Client(headers={"Accept-Language": "hi"})
    page = client.get("/accounts/login/?next=/billing/calls/")
    assert language_of_page(page) == "hi"
    assert re.findall(r'value="(\w+)"\s+lang="\w+"[^>]*>([^<]+)<', page.content.decode()) == [
        ("en", "English"),
        ("ru", "Русский"),
        ("hi", "हिंदी"),
    ]
    chosen = client.post("/billing/language/", {"language": "ru", "next": "/accounts/login/?next=/billing/calls/"})
    assert (chosen.status_code, chosen["Location"]) == (302, "/accounts/login/?next=/billing/calls/")
    assert language_of_page(client.get("/accounts/login/")) == "ru"


def test_who_is_signed_in_keeps_the_chosen_language_on_every_device(db: None) -> None:
    person = make_user()
    client = reader(person)
    assert (
        client.post("/billing/language/", {"language": "hi", "next": "https://elsewhere.example/"})["Location"]
        == "/billing/"
    )
    person.refresh_from_db()
    assert person.language == "hi"
    assert language_of_page(reader(person, "ru").get("/accounts/logout/")) == "hi"


LATIN = re.compile(r"[A-Za-z]{2,}")


@pytest.mark.parametrize("language", ["ru", "hi"])
def test_what_is_wrong_at_the_entrance_is_said_in_the_readers_language(db: None, language: str) -> None:
    person = make_user(language=language)
    stranger, known = Client(headers={"Accept-Language": language}), reader(person)
    weak = {"oldpassword": "wrong", "password1": "12345", "password2": "54321"}
    pages = [
        stranger.post("/accounts/login/", {"login": "nobody@example.com", "password": "wrong"}),
        stranger.post("/accounts/login/", {"login": "no address", "password": ""}),
        stranger.post("/accounts/password/reset/", {"email": "no address"}),
        known.post("/accounts/password/change/", weak),
        known.post("/accounts/reauthenticate/", {"password": "wrong"}),
    ]
    for page in pages:
        assert page.status_code == 200
        faults = re.findall(
            r'class="(?:help bad|banner bad).*?</(?:section|span></span)>', page.content.decode(), re.DOTALL
        )
        assert faults
        assert [fault for fault in faults if LATIN.search(re.sub(r"<[^>]*>", " ", f"<{fault}"))] == []


def test_a_language_that_we_have_not_does_not_exist(db: None) -> None:
    client = Client()
    assert client.post("/billing/language/", {"language": "fr"}).status_code == 404
    assert client.get("/billing/language/").status_code == 405
    assert "django_language" not in client.cookies


SCRIPTS = {"ru": re.compile("[а-яё]"), "hi": re.compile("[\u0900-\u097f]"), "en": re.compile("[a-z]")}


def tell_of_cap(account: Account) -> None:
    """Have an account told that most of its daily cap is spent."""
    facts = {"currency": "USD", "spent": "1234.5", "cap": "1500", "balance": "1"}
    tell(Told(account.pk, Event.CAP_NEAR, "test", facts=facts))
    assert expand_due() == 1


def test_a_letter_is_written_in_each_readers_language(make_account: Callable[..., Account]) -> None:
    account = make_account("aipbx")
    account.language = "hi"
    account.save()
    people = {make_member(account, Role.OWNER, language=code).email: code or "hi" for code in ("ru", "", "en")}
    with translation.override("ru"):
        tell_of_cap(account)
        assert translation.get_language() == "ru"
    amounts = {"ru": "1 234,50 $", "hi": "$1,234.50", "en": "$1,234.50"}
    letters = {each.recipient: each.subject.partition(": ")[2] for each in Delivery.objects.filter(notice__key="test")}
    assert set(letters) == set(people)
    for email, language in people.items():
        assert amounts[language] in letters[email]
        assert SCRIPTS[language].search(letters[email])
        assert language == "en" or not SCRIPTS["en"].search(letters[email])


def test_an_account_without_members_is_written_to_in_its_own_language(make_account: Callable[..., Account]) -> None:
    account = make_account("aipbx", email="ravi@example.com")
    Account.objects.filter(pk=account.pk).update(language="ru")
    tell_of_cap(account)
    (letter,) = Delivery.objects.filter(notice__key="test")
    assert letter.recipient == "ravi@example.com"
    assert SCRIPTS["ru"].search(letter.subject)


def test_staff_are_written_to_in_english(staff: User) -> None:
    with translation.override("ru"):
        tell_staff(key="test", write=lambda: Letter(translation.gettext("Balance"), money_text(Decimal("0.5"), "USD")))
    assert Delivery.objects.values_list("subject", "body").get(key__startswith="test:") == ("Balance", "$0.50")


def test_a_letter_of_the_sign_in_pages_speaks_its_receivers_language(db: None) -> None:
    person = make_user(language="ru")
    Client(headers={"Accept-Language": "hi"}).post("/accounts/password/reset/", {"email": person.email})
    (letter,) = mail.outbox
    assert letter.subject == "Задать новый пароль"


def test_a_language_that_nobody_names_is_english(make_account: Callable[..., Account]) -> None:
    with translation.override("ru"), speaking(None, make_account("aipbx")):
        assert translation.get_language() == "en"

"""Every address of the customer's side, every verb, everybody: who may, who may not, and that nobody sees a stranger's.

`matrix.py` says how to add a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from billing.models import TopUp
from organizations.models import Account, Membership, Role
from tests.isolation.conftest import Worlds
from tests.isolation.digest import digest_of, nothing_is_written
from tests.isolation.matrix import OPEN, ROWS, Row
from tests.isolation.worlds import MARK, WORDS, World, figures_of

SIGN_IN = "/accounts/login/"
# Not the customer's: the admin has its own tests, services sign with keys, providers with secrets.
ELSEWHERE = ("admin/", "api/v1/", "billing/webhooks/")
# Forms and their cookie carry fresh tokens of 64 and 32 characters: chance writes the mark into one of some hundred.
FORM_TOKEN = re.compile(r"\b[A-Za-z0-9]{32}(?:[A-Za-z0-9]{32})?\b")
BETWEEN_DIGITS = re.compile(r"(?<=\d)[,.\s\u00a0\u202f'\u2019](?=\d)")

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
every_page = pytest.mark.parametrize("row", [row for row in ROWS if not row.of_person], ids=lambda row: row.name)


def names_in(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """The names of all addresses but those that are elsewhere's."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if path.startswith(ELSEWHERE):
            continue
        if isinstance(pattern, URLResolver):
            yield from names_in(pattern.url_patterns, path)
        elif path:
            assert pattern.name, f"{path} has no name: give it one, and a row in tests/isolation/matrix.py."
            yield pattern.name


def address_of(row: Row, world: World) -> str:
    return reverse(row.name, args=[world.ids[key] for key in row.args])


def sent(fields: Mapping[str, str], world: World) -> dict[str, str]:
    return {name: str(world.ids[value[1:]]) if value.startswith(":") else value for name, value in fields.items()}


def ask(client: Client, verb: str, row: Row, world: World) -> Any:
    """The answer to the verb at the row's address, with the ids of `world`."""
    data = sent(row.body if verb == "POST" else row.query, world) if verb in ("GET", "HEAD", "POST") else None
    return getattr(client, verb.lower())(address_of(row, world), data)


def text_of(response: Any) -> str:
    """All that the answer says: headers, cookies, body; without forms' tokens, digits without what parts them."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    said = f"{response.headers} {response.cookies} {content.decode(errors='ignore')}"
    return BETWEEN_DIGITS.sub("", FORM_TOKEN.sub("", said))


def traces_in(response: Any, world: World) -> list[str]:
    """What of the account is in the answer: marked words and figures."""
    text = text_of(response)
    words = re.findall(rf"\S*{MARK}\S*", text, re.IGNORECASE)
    figures = [name for name, amount in figures_of(world).items() if f"{amount:.2f}".replace(".", "") in text]
    return [*words, *figures]


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    names = set(names_in(get_resolver().url_patterns))
    rows = {row.name for row in ROWS}
    missing = sorted(names - rows - OPEN)
    assert not missing, f"Add a row to tests/isolation/matrix.py (its first lines say how) for: {', '.join(missing)}"
    gone = sorted((rows | OPEN) - names)
    assert not gone, f"Take out of tests/isolation/matrix.py what has no address any more: {', '.join(gone)}"
    assert len(rows) == len(ROWS), "A row stands twice in tests/isolation/matrix.py."


@every_row
def test_whoever_is_not_signed_in_is_sent_to_sign_in(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    for verb in row.verbs:
        with nothing_is_written():
            response = ask(browser(), verb, row, worlds.secretive)
        assert (response.status_code, response["Location"].partition("?")[0]) == (302, SIGN_IN), verb
        assert traces_in(response, worlds.secretive) == []


@every_page
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_its_part(row: Row, role: Role, worlds: Worlds, browser: Callable[..., Client]) -> None:
    client = browser(worlds.secretive.members[role])
    for verb in row.verbs:
        before = digest_of(worlds.secretive.account)
        response = ask(client, verb, row, worlds.secretive)
        if role in row.roles(verb):
            assert response.status_code == row.status(verb), (verb, response.content.decode()[:2000])
        else:
            assert response.status_code == 403, verb
            assert digest_of(worlds.secretive.account) == before


@every_page
def test_other_verbs_are_refused(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    client = browser(worlds.secretive.members[Role.OWNER])
    for verb in row.other_verbs:
        with nothing_is_written():
            assert ask(client, verb, row, worlds.secretive).status_code == 405, verb


@every_page
def test_reading_writes_nothing(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    client = browser(worlds.secretive.members[Role.OWNER])
    for verb in row.reading:
        with nothing_is_written():
            assert ask(client, verb, row, worlds.secretive).status_code == row.read, verb


@every_row
def test_a_form_without_its_token_is_refused(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    client = browser(worlds.secretive.members[Role.OWNER], enforce_csrf_checks=True)
    if row.post:
        with nothing_is_written():
            assert ask(client, "POST", row, worlds.secretive).status_code == 403


@pytest.mark.parametrize("row", [row for row in ROWS if row.of_person], ids=lambda row: row.name)
def test_a_persons_own_pages_need_no_account(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    for user in (worlds.nobody, worlds.neighbour.members[Role.VIEWER]):
        response = ask(browser(user), "GET", row, worlds.neighbour)
        assert response.status_code == row.read
        assert "no-store" in response.get("Cache-Control", "no-store")


@every_page
@pytest.mark.parametrize("whose", ["neighbour", "abroad"])
@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_a_stranger_finds_and_changes_nothing(
    row: Row, whose: str, role: Role, worlds: Worlds, browser: Callable[..., Client]
) -> None:
    client = browser(getattr(worlds, whose).members[role])
    before = digest_of(worlds.secretive.account)
    for verb in row.verbs:
        response = ask(client, verb, row, worlds.secretive)
        if row.args:
            assert response.status_code == 404, verb
        assert response.status_code < 500, verb
        assert traces_in(response, worlds.secretive) == [], verb
    assert digest_of(worlds.secretive.account) == before


@every_page
def test_anothers_project_does_not_exist(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    client = browser(worlds.neighbour.members[Role.OWNER])
    if not row.args and row.get:
        response = client.get(address_of(row, worlds.secretive), {"project": str(worlds.secretive.ids["live_project"])})
        assert response.status_code == 404


@every_page
@pytest.mark.parametrize("who", ["never a member", "a member until just now"])
def test_whoever_is_in_no_account_reaches_none(
    row: Row, who: str, worlds: Worlds, browser: Callable[..., Client]
) -> None:
    user = worlds.nobody
    if who == "a member until just now":
        user = worlds.secretive.members[Role.OWNER]
    client = browser(user)
    if who == "a member until just now":
        assert client.get(reverse("overview")).status_code == 200
        Membership.objects.filter(user=user).delete()
    before = digest_of(worlds.secretive.account)
    for verb in row.verbs:
        response = ask(client, verb, row, worlds.secretive)
        assert response.status_code == row.without_account, verb
        traces = [each for each in traces_in(response, worlds.secretive) if user.email not in each]
        assert traces == [], verb
    assert digest_of(worlds.secretive.account) == before


@every_page
def test_a_suspended_account_is_still_read(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    Account.objects.filter(pk=worlds.secretive.account.pk).update(status=Account.Status.SUSPENDED)
    client = browser(worlds.secretive.members[Role.OWNER])
    for verb in row.reading:
        assert ask(client, verb, row, worlds.secretive).status_code == row.read, verb


@every_page
def test_no_cache_keeps_a_page(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    if row.get:
        response = ask(browser(worlds.secretive.members[Role.OWNER]), "GET", row, worlds.secretive)
        assert response["Cache-Control"] == "private, no-store"


def test_the_account_itself_sees_what_strangers_are_searched_for(
    worlds: Worlds, browser: Callable[..., Client]
) -> None:
    """Or the search would find nothing, whatever the pages show."""
    client = browser(worlds.secretive.members[Role.OWNER])
    pages = [ask(client, "GET", row, worlds.secretive) for row in ROWS if row.get and not row.of_person]
    figures = {name for page in pages for name in traces_in(page, worlds.secretive)}
    assert set(figures_of(worlds.secretive)) - figures == set()
    text = " ".join(text_of(page) for page in pages)
    assert [word for word in WORDS if word not in text] == []


def test_a_form_that_names_a_strangers_organization_is_paid_without_one(
    worlds: Worlds, browser: Callable[..., Client]
) -> None:
    row = next(row for row in ROWS if row.name == "top_up")
    assert ask(browser(worlds.neighbour.members[Role.OWNER]), "POST", row, worlds.secretive).status_code == 303
    (made,) = TopUp.objects.filter(wallet=worlds.neighbour.account.wallet)
    assert made.organization is None


def test_open_pages_too_refuse_a_form_without_its_token(worlds: Worlds) -> None:
    client = Client(enforce_csrf_checks=True)
    for name in OPEN:
        if not re.search(
            r"confirm|from_key|invitation|unsubscribe|key_file", name
        ):  # their addresses carry a secret, or a key
            assert client.post(reverse(name)).status_code in (403, 405), name

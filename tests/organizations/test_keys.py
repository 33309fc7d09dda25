"""A service's key: found in one statement, refused as soon as it is revoked, expired or its service switched off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from organizations.selectors import keys
from organizations.selectors.keys import find_key

if TYPE_CHECKING:
    from organizations.models import Product

pytestmark = pytest.mark.django_db
Issue = Callable[..., str]


def test_a_key_says_whose_it_is_and_what_it_may_do(products: dict[str, Product], api_key: Issue) -> None:
    found = find_key(api_key("osmapi", ["read", "usage"]))
    assert found is not None
    assert (found.service_slug, found.product_slug, found.currency) == ("osmapi", "osmtalk", "INR")
    assert found.product_id == products["osmtalk"].pk
    assert found.scopes == {"read", "usage"}
    assert found.rates_revision == products["osmtalk"].rates_revision


def test_a_key_costs_one_statement(api_key: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = api_key("aipbx")
    asked: list[int] = []
    run = keys.run

    def counting(*statements: Any) -> Any:
        asked.append(len(statements))
        return run(*statements)

    monkeypatch.setattr(keys, "run", counting)
    assert find_key(raw) is not None
    assert find_key("nothing of the kind") is None
    assert asked == [1]


def test_a_revoked_key_is_refused_at_once(api_key: Issue) -> None:
    from organizations.models import ServiceKey

    raw = api_key("aipbx")
    assert find_key(raw) is not None
    ServiceKey.objects.update(revoked=True)
    assert find_key(raw) is None


def test_an_expired_key_is_refused(api_key: Issue) -> None:
    assert find_key(api_key("aipbx", expiry_date=timezone.now() - timedelta(seconds=1))) is None
    assert find_key(api_key("aipbx", expiry_date=timezone.now() + timedelta(hours=1))) is not None


def test_the_keys_of_a_service_that_is_switched_off_are_refused(api_key: Issue) -> None:
    from organizations.models import Service

    raw = api_key("osmapi")
    Service.objects.filter(slug="osmapi").update(is_active=False)
    assert find_key(raw) is None
    assert find_key(api_key("osmtalk")) is not None


def test_only_the_whole_key_opens(api_key: Issue) -> None:
    raw = api_key("aipbx")
    prefix = raw.partition(".")[0]
    for wrong in (
        "",
        ".",
        prefix,
        f"{prefix}.",
        raw[:-1],
        raw + "x",
        raw.swapcase(),
        f"{prefix}.{'x' * 5000}",
        "\x00" * 8 + ".x",
        "\u0661" * 8 + ".x",
        "' OR 1=1" + ".x",
    ):
        assert find_key(wrong) is None


def test_only_a_hash_of_the_key_is_stored(api_key: Issue) -> None:
    from organizations.models import ServiceKey

    secret = api_key("aipbx").partition(".")[2]
    row = ServiceKey.objects.values().get()
    assert secret not in str(row)
    assert row["hashed_key"].startswith("sha512$$")

"""Rate cards: drafting, publishing, what the database refuses, and which version prices a call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from organizations.models import Account, Product, User
from tests.billing.threads import ended_without_waiting
from usage.models import FreeRule, Rate, RateCard, RateCardVersion
from usage.rating import PriceOnRequest, rate
from usage.rating.types import CALL
from usage.selectors.cards import load_cards, read_cards
from usage.services.rate_cards import draft_version, publish_version

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def product(db: None) -> Product:
    return Product.objects.create(slug="cards", name="Cards", currency="USD", mark="mark-aipbx")


@pytest.fixture
def card(product: Product) -> RateCard:
    return RateCard.objects.create(product=product, name="Cards default")


def account_of(product: Product, name: str = "acme") -> Account:
    return Account.objects.create(product=product, external_id=name, name=name, timezone="UTC")


def add_rate(version: RateCardVersion, price: str = "1", **fields: Any) -> Rate:
    return Rate.objects.create(
        version=version, event_type=CALL, component="call", label="Call", unit="call", price=Decimal(price), **fields
    )


def published(card: RateCard, starts_at: datetime, price: str) -> RateCardVersion:
    version = draft_version(card=card, starts_at=starts_at)
    add_rate(version, price)
    return publish_version(version=version)


def total(product: Product, account: Account, started_at: datetime) -> Decimal:
    version = read_cards(product.pk, 0).version_for(account.pk, started_at)
    return rate(version, CALL, {"channel": "phone", "status": "completed"}).total


def test_a_draft_is_a_copy_that_can_be_edited_on_its_own(card: RateCard) -> None:
    first = draft_version(card=card, starts_at=JANUARY, note="first")
    RateCardVersion.objects.filter(pk=first.pk).update(rounding_step=Decimal("0.01"), default_tier="gold")
    first.refresh_from_db()
    add_rate(first, "1", tier="gold", channels=["phone"], tiers=[{"above": "10", "price": "0.5"}])
    FreeRule.objects.create(version=first, event_type=CALL, code="x", reason="X", condition="status", values=["failed"])
    publish_version(version=first)

    second = draft_version(card=card, based_on=first, starts_at=MARCH)
    assert (second.number, second.status, second.rounding_step) == (2, "draft", Decimal("0.01"))
    second.rates.update(price=Decimal("2"))
    second.free_rules.all().delete()

    assert first.rates.get().price == 1
    assert first.free_rules.get().values == ["failed"]
    copied = second.rates.get()
    assert (copied.tier, copied.channels, copied.tiers) == ("gold", ["phone"], [{"above": "10", "price": "0.5"}])


def test_a_draft_cannot_copy_another_products_prices(card: RateCard) -> None:
    other = Product.objects.create(slug="other", name="Other", currency="INR", mark="mark-osmtalk")
    theirs = published(RateCard.objects.create(product=other, name="Other"), JANUARY, "1")
    with pytest.raises(ValidationError, match="another product"):
        draft_version(card=card, based_on=theirs, starts_at=JANUARY)
    assert not card.versions.exists()


def test_publishing_raises_the_products_revision_once_and_is_logged(product: Product, card: RateCard) -> None:
    staff = User.objects.create_superuser("staff@example.com", "x")
    version = draft_version(card=card, starts_at=JANUARY)
    add_rate(version)
    result = publish_version(version=version, actor=staff)
    assert (result.status, result.published_at is not None) == ("published", True)
    publish_version(version=version, actor=staff)  # again: nothing
    product.refresh_from_db()
    assert product.rates_revision == 1
    assert LogEntry.objects.get().user == staff


def test_a_version_without_rates_is_not_published(product: Product, card: RateCard) -> None:
    version = draft_version(card=card, starts_at=JANUARY)
    with pytest.raises(ValidationError, match="no rates"):
        publish_version(version=version)
    version.refresh_from_db()
    product.refresh_from_db()
    assert (version.status, product.rates_revision) == ("draft", 0)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ([{}, {}], "priced 2 times"),
        ([{"channels": ["phone", "web"]}, {"channels": ["web"]}], "(web): priced 2 times"),
        ([{"metric": "durations"}], "reports no durations"),
        ([{"increment": 60}], "increments and a cap field need a metric"),
        ([{"metric": "stt_seconds", "tiers": [{"above": "5", "price": "1"}, {"above": "5", "price": "2"}]}], "rise"),
        ([{"method": "margin"}], "needs a provider cost"),
    ],
)
def test_an_ambiguous_version_is_not_published(card: RateCard, rates: list[dict[str, Any]], words: str) -> None:
    version = draft_version(card=card, starts_at=JANUARY)
    for fields in rates:
        add_rate(version, **fields)
    with pytest.raises(ValidationError) as refusal:
        publish_version(version=version)
    assert words in " ".join(refusal.value.messages)


@pytest.mark.parametrize("starts_at", [MARCH, MARCH - SECOND])
def test_a_version_starts_after_those_published_before_it(card: RateCard, starts_at: datetime) -> None:
    published(card, MARCH, "1")
    version = draft_version(card=card, starts_at=starts_at)
    add_rate(version)
    with pytest.raises(ValidationError) as refusal:
        publish_version(version=version)
    assert list(refusal.value.message_dict) == ["starts_at"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE usage_ratecardversion SET starts_at = now()",
        "UPDATE usage_ratecardversion SET status = 'draft', published_at = NULL",
        "DELETE FROM usage_ratecardversion",
        "UPDATE usage_rate SET price = 0",
        "DELETE FROM usage_rate",
        "UPDATE usage_freerule SET reason = 'x'",
        "DELETE FROM usage_freerule",
        'INSERT INTO usage_rate SELECT (jsonb_populate_record(r, \'{"id": 999999, "component": "b"}\')).*'
        " FROM usage_rate r",
        "INSERT INTO usage_freerule SELECT (jsonb_populate_record(r, '{\"id\": 999999}')).* FROM usage_freerule r",
    ],
)
def test_plain_sql_cannot_change_a_published_version(card: RateCard, statement: str) -> None:
    version = draft_version(card=card, starts_at=JANUARY)
    add_rate(version)
    FreeRule.objects.create(
        version=version, event_type=CALL, code="x", reason="X", condition="status", values=["failed"]
    )
    publish_version(version=version)
    with pytest.raises(IntegrityError, match="is published") as refusal, transaction.atomic():
        connection.cursor().execute(statement)
    assert getattr(refusal.value.__cause__, "sqlstate", "") == "23R01"
    assert version.rates.get().price == 1
    assert version.free_rules.get().reason == "X"


def test_a_rate_cannot_be_moved_from_a_draft_into_a_published_version(card: RateCard) -> None:
    version = published(card, JANUARY, "1")
    draft = draft_version(card=card, starts_at=MARCH)
    stray = add_rate(draft, "9", tier="gold")
    with pytest.raises(IntegrityError, match="is published"), transaction.atomic():
        Rate.objects.filter(pk=stray.pk).update(version=version)


def test_a_draft_can_be_edited_and_deleted(card: RateCard) -> None:
    draft = draft_version(card=card, starts_at=MARCH)
    add_rate(draft, "9")
    draft.rates.update(price=Decimal("8"))
    draft.note = "changed"
    draft.save()
    draft.delete()
    assert not Rate.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_rate_added_while_its_version_is_being_published_is_not_slipped_in() -> None:
    product = Product.objects.create(slug="cards", name="Cards", currency="USD", mark="mark-aipbx")
    card = RateCard.objects.create(product=product, name="Cards default")
    version = draft_version(card=card, starts_at=JANUARY)
    add_rate(version)
    outcome: list[BaseException | None] = []
    started = Event()

    def add_late() -> None:
        started.set()
        try:
            add_rate(version, "9", tier="late")
            outcome.append(None)
        except IntegrityError as error:
            outcome.append(error)
        finally:
            connection.close()

    thread = Thread(target=add_late)
    with transaction.atomic():
        publish_version(version=version)
        thread.start()
        started.wait()
        assert not ended_without_waiting(thread)
    thread.join()
    assert isinstance(outcome[0], IntegrityError)
    assert version.rates.count() == 1


def test_the_version_is_chosen_by_the_calls_start(product: Product, card: RateCard) -> None:
    account = account_of(product)
    published(card, JANUARY, "1")
    published(card, MARCH, "2")
    assert total(product, account, JANUARY) == 1
    assert total(product, account, MARCH - SECOND) == 1
    assert total(product, account, MARCH) == 2


def test_a_call_before_every_version_is_on_request(product: Product, card: RateCard) -> None:
    published(card, JANUARY, "1")
    with pytest.raises(PriceOnRequest):
        total(product, account_of(product), JANUARY - SECOND)


def test_drafts_price_nothing(product: Product, card: RateCard) -> None:
    add_rate(draft_version(card=card, starts_at=JANUARY))
    with pytest.raises(PriceOnRequest):
        total(product, account_of(product), MARCH)


def test_an_accounts_own_card_goes_before_the_products_from_its_start(product: Product, card: RateCard) -> None:
    account, other = account_of(product), account_of(product, "other")
    published(card, JANUARY, "1")
    published(RateCard.objects.create(product=product, account=account, name="Acme's"), MARCH, "0.5")
    assert total(product, account, MARCH - SECOND) == 1
    assert total(product, account, MARCH) == Decimal("0.5")
    assert total(product, other, MARCH) == 1


def test_cards_are_kept_until_the_revision_differs(
    product: Product, card: RateCard, django_assert_num_queries: Any
) -> None:
    published(card, JANUARY, "1")
    product.refresh_from_db()
    first = load_cards(product.pk, product.rates_revision)
    with django_assert_num_queries(0):
        assert load_cards(product.pk, product.rates_revision) is first
    published(card, MARCH, "2")
    product.refresh_from_db()
    assert len(load_cards(product.pk, product.rates_revision).default) == 2


def test_loading_takes_three_statements_however_many_cards(
    product: Product, card: RateCard, django_assert_num_queries: Any
) -> None:
    published(card, JANUARY, "1")
    with django_assert_num_queries(3):
        read_cards(product.pk, 0)
    for number in range(5):
        own = RateCard.objects.create(product=product, account=account_of(product, f"a-{number}"), name=f"Own {number}")
        published(own, JANUARY, "1")
        published(own, MARCH, "2")
    with django_assert_num_queries(3):
        assert len(read_cards(product.pk, 0).by_account) == 5

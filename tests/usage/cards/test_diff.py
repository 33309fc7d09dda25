"""The difference of two versions: field by field, with nothing that decides a price left out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations.models import Product
from tests.factories import open_test_account
from usage.models import Rate, RateCard, RateCardVersion
from usage.selectors.card_content import RATE_FIELDS, RULE_FIELDS, SETTINGS, content_of
from usage.selectors.card_diff import FieldChange, diff_of, published_meanwhile, version_before
from usage.services.rate_cards import draft_version, open_own_card, publish_version


def test_every_column_that_a_version_has_is_compared() -> None:
    from usage.models import FreeRule

    apart = {"id", "version"}
    assert {field.name for field in Rate._meta.concrete_fields} - apart == set(RATE_FIELDS)
    assert {field.name for field in FreeRule._meta.concrete_fields} - apart == set(RULE_FIELDS)
    named = {"id", "card", "number", "status", "starts_at", "note", "created_at", "published_at"}
    assert {field.name for field in RateCardVersion._meta.concrete_fields} - named == set(SETTINGS)


def test_a_copy_differs_in_nothing(published: RateCardVersion, draft: RateCardVersion) -> None:
    assert diff_of(published, draft).is_empty
    assert content_of(published).fingerprint == content_of(draft).fingerprint


def test_prices_rules_and_terms_that_change_are_told_with_both_values(
    published: RateCardVersion, draft: RateCardVersion
) -> None:
    stt = draft.rates.get(component="stt")
    draft.rates.filter(pk=stt.pk).update(price=D("0.0075"), label="Recognised speech")
    gone = draft.rates.exclude(pk=stt.pk).first()
    assert gone is not None
    gone.delete()
    stt.pk, stt.component = None, "extra"
    stt.save()
    RateCardVersion.objects.filter(pk=draft.pk).update(rounding="up")
    draft.refresh_from_db()
    diff = diff_of(published, draft)
    assert diff.settings == (FieldChange("rounding", "half_up", "up"),)
    by_kind = {one.kind: one for one in diff.rates}
    assert sorted(one.kind for one in diff.rates) == ["added", "changed", "removed"]
    changed = by_kind["changed"]
    assert {one.name: (one.before, one.after) for one in changed.fields} == {
        "price": ("0.006", "0.0075"),
        "label": (stt.label, "Recognised speech"),
    }
    assert changed.percent == D(25)
    assert by_kind["added"].row["component"] == "extra"
    assert by_kind["removed"].row["component"] == gone.component


def test_the_percentage_is_of_one_unit_whatever_the_price_is_for(
    published: RateCardVersion, draft: RateCardVersion
) -> None:
    stt = draft.rates.get(component="stt")
    draft.rates.filter(pk=stt.pk).update(per=stt.per * 2)
    (change,) = diff_of(published, draft).rates
    assert change.percent == D(-50)


def test_an_accounts_first_own_version_follows_what_it_pays_until_then(
    products: dict[str, Product], published: RateCardVersion
) -> None:
    own = open_own_card(account=open_test_account(products["aipbx"]), starts_at=timezone.now())
    assert version_before(own) == published
    assert diff_of(published, own).is_empty


def test_what_was_published_after_a_draft_was_made_is_told(card: RateCard, draft: RateCardVersion) -> None:
    assert published_meanwhile(draft) == []
    other = draft_version(card=card, based_on=draft, starts_at=timezone.now() + timedelta(hours=1))
    publish_version(version=other)
    assert published_meanwhile(draft) == [other]
    other.refresh_from_db()
    assert published_meanwhile(other) == []


def test_the_page_compares_with_the_version_before_or_any_other(
    published: RateCardVersion, draft: RateCardVersion, products: dict[str, Product], staff_client: Client
) -> None:
    draft.rates.filter(component="stt").update(price=D("0.0075"))
    address = reverse("admin:usage_ratecardversion_compare", args=[draft.pk])
    page = staff_client.get(address)
    assert page.context["before"] == published
    (prices,) = page.context["panels"]
    (row,) = prices.rows
    assert row[4].startswith("0.006 per") and row[5].startswith("0.0075 per") and row[6] == "+25.00%"
    assert staff_client.get(address, {"before": draft.pk}).context["panels"][0].title == "No differences"
    other = RateCardVersion.objects.get(card__product=products["osmtalk"], card__account=None)
    assert staff_client.get(address, {"before": other.pk}).context["before"] == other
    wrong = staff_client.get(address, {"before": "0"})
    assert wrong.context["panels"] == []
    assert "There is no such version." in wrong.content.decode()


def test_a_page_without_anything_before_it_asks_for_a_version(published: RateCardVersion, staff_client: Client) -> None:
    page = staff_client.get(reverse("admin:usage_ratecardversion_compare", args=[published.pk]))
    assert (page.status_code, page.context["panels"]) == (200, [])

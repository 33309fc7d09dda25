"""Rate cards in the back office: a version is copied, edited as a draft, published, and then only looked at."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations.models import Account, Product
from tests.config.admin_steps import act
from tests.factories import open_test_account
from usage.models import Rate, RateCard, RateCardVersion
from usage.services.rate_cards import draft_version

DRAFT, PUBLISHED = RateCardVersion.Status.DRAFT, RateCardVersion.Status.PUBLISHED


@pytest.fixture
def card(products: dict[str, Product]) -> RateCard:
    return RateCard.objects.get(product=products["aipbx"], account=None)


@pytest.fixture
def published(card: RateCard) -> RateCardVersion:
    return card.versions.get()


@pytest.fixture
def draft(card: RateCard, published: RateCardVersion) -> RateCardVersion:
    return draft_version(card=card, based_on=published, starts_at=timezone.now() + timedelta(days=1))


def page(version: RateCardVersion) -> str:
    return reverse("admin:usage_ratecardversion_change", args=[version.pk])


def action(version: RateCardVersion, name: str) -> str:
    return reverse(f"admin:usage_ratecardversion_{name}", args=[version.pk])


def form_of(client: Client, version: RateCardVersion) -> dict[str, Any]:
    """The draft's form as the browser would send it back unchanged."""
    context = client.get(page(version)).context
    data: dict[str, Any] = {}
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            widget = bound.field.widget
            if hasattr(widget, "decompress"):
                parts = value if isinstance(value, list) else widget.decompress(value)
                data |= {f"{bound.html_name}_{i}": part for i, part in enumerate(parts) if part is not None}
            elif isinstance(value, bool):
                data |= {bound.html_name: "on"} if value else {}
            elif value is not None:
                data[bound.html_name] = ",".join(value) if isinstance(value, list) else value
    return {name: value for name, value in data.items() if not name.endswith("-DELETE")}


def row_of(data: dict[str, Any], component: str) -> str:
    """The prefix of the form of the first rate of this component."""
    return next(
        name[: -len("component")] for name, value in data.items() if name.endswith("-component") and value == component
    )


def test_a_published_version_is_only_looked_at(published: RateCardVersion, staff_client: Client) -> None:
    response = staff_client.get(page(published))
    assert b'name="_save"' not in response.content
    assert response.context["inline_admin_formsets"] == []
    assert staff_client.post(page(published), {"note": "x"}).status_code == 403
    delete = reverse("admin:usage_ratecardversion_delete", args=[published.pk])
    assert staff_client.post(delete, {"post": "yes"}).status_code == 403
    panels = {panel.title: panel for panel in response.context["panels"]}
    assert list(panels) == ["Prices", "Free of charge"]
    assert any("on request" in str(row[4]) for row in panels["Prices"].rows)


def test_a_new_version_is_a_copy_that_opens_as_a_draft(published: RateCardVersion, staff_client: Client) -> None:
    _, done, _ = act(
        staff_client,
        action(published, "new_version"),
        starts_at_0="2999-01-01",
        starts_at_1="00:00:00",
        note="Cheaper voices",
    )
    new = RateCardVersion.objects.get(card=published.card, number=2)
    assert done["Location"] == page(new)
    assert (new.status, new.note) == (DRAFT, "Cheaper voices")
    assert new.rates.count() == published.rates.count()
    assert new.free_rules.count() == published.free_rules.count()


def test_a_card_makes_its_next_version_from_the_last_published_one(
    card: RateCard, published: RateCardVersion, staff_client: Client
) -> None:
    address = reverse("admin:usage_ratecard_new_version", args=[card.pk])
    asked, _, _ = act(staff_client, address, starts_at_0="2999-01-01", starts_at_1="00:00:00", note="")
    assert "version 1" in asked
    assert card.versions.get(number=2).rates.count() == published.rates.count()


def test_a_draft_is_edited_rate_by_rate(draft: RateCardVersion, staff_client: Client) -> None:
    data = form_of(staff_client, draft)
    row = row_of(data, "stt")
    response = staff_client.post(page(draft), {**data, f"{row}price": "0.004", "note": "Cheaper"})
    assert response.status_code == 302, response.context["errors"]
    assert draft.rates.get(component="stt").price == Decimal("0.004")
    draft.refresh_from_db()
    assert draft.note == "Cheaper"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("per", "0", "Write a number above zero; 1 when it does not matter."),
        ("price", "-1", "Write zero or more."),
        ("tiers", '[{"above": "x", "price": "1"}]', "Write a list such as"),
        (
            "tiers",
            '[{"above": "5", "price": "1"}, {"above": "5", "price": "2"}]',
            "Each bound must be above the one before.",
        ),
        ("event_type", "chat.hour", "Select a valid choice."),
    ],
)
def test_a_wrong_rate_is_refused_beside_its_field(
    field: str, value: str, words: str, draft: RateCardVersion, staff_client: Client
) -> None:
    data = form_of(staff_client, draft)
    row = row_of(data, "stt")
    response = staff_client.post(page(draft), {**data, f"{row}{field}": value})
    assert response.status_code == 200
    formset = response.context["inline_admin_formsets"][0].formset
    (errors,) = [form.errors for form in formset.forms if form.errors]
    assert list(errors) == [field] and errors[field][0].startswith(words)


def test_publishing_says_from_when_it_holds_and_what_changes(
    draft: RateCardVersion, staff_client: Client, products: dict[str, Product]
) -> None:
    Rate.objects.filter(version=draft, component="stt").update(price=Decimal("0.004"))
    asked = staff_client.get(action(draft, "publish")).content.decode()
    assert f"{draft.starts_at:%Y-%m-%d %H:%M} UTC" in asked
    assert "version 1" in asked
    assert "0.004 per" in asked and "0.006 per" in asked
    revision = products["aipbx"].rates_revision
    _, done, _ = act(staff_client, action(draft, "publish"))
    assert done.status_code == 302
    draft.refresh_from_db()
    assert draft.status == PUBLISHED
    assert Product.objects.get(slug="aipbx").rates_revision == revision + 1
    assert b'name="_save"' not in staff_client.get(page(draft)).content


def test_a_draft_that_starts_too_early_is_not_published(
    draft: RateCardVersion, published: RateCardVersion, staff_client: Client
) -> None:
    RateCardVersion.objects.filter(pk=draft.pk).update(starts_at=published.starts_at)
    _, answer, _ = act(staff_client, action(draft, "publish"))
    assert "Must be later than" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.status == DRAFT


def test_an_empty_draft_says_what_stands_in_its_way(card: RateCard, staff_client: Client) -> None:
    empty = draft_version(card=card, starts_at=timezone.now() + timedelta(days=1))
    (faults, *_rest) = staff_client.get(page(empty)).context["panels"]
    assert faults.rows == [("The version has no rates: everything on it would be refused as on request.",)]
    _, answer, _ = act(staff_client, action(empty, "publish"))
    assert "The version has no rates" in answer.content.decode()


def test_a_draft_may_be_thrown_away(draft: RateCardVersion, staff_client: Client) -> None:
    address = reverse("admin:usage_ratecardversion_delete", args=[draft.pk])
    assert staff_client.post(address, {"post": "yes"}).status_code == 302
    assert not RateCardVersion.objects.filter(pk=draft.pk).exists()


def test_prices_that_are_the_operators_to_set_are_marked_and_filtered(
    products: dict[str, Product], staff_client: Client
) -> None:
    address = reverse("admin:usage_ratecardversion_changelist")
    marked = staff_client.get(address, {"open_prices": "yes"}).context["cl"].result_list
    assert {version.card.product.slug for version in marked} >= {"aitelier"}
    unmarked = staff_client.get(address, {"open_prices": "no"}).context["cl"].result_list
    assert "aipbx" in {version.card.product.slug for version in unmarked}
    version = next(one for one in marked if one.card.product.slug == "aitelier")
    assert "to set" in staff_client.get(page(version)).content.decode()


def new_card(client: Client, product: Product, account: Account | None) -> Any:
    data = {"product": product.pk, "account": account.pk if account else "", "name": "Own prices"}
    return client.post(reverse("admin:usage_ratecard_add"), data)


def test_an_accounts_own_card_belongs_to_its_product(products: dict[str, Product], staff_client: Client) -> None:
    account = open_test_account(products["aipbx"])
    wrong = new_card(staff_client, products["osmtalk"], account)
    assert "belongs to AI PBX" in wrong.context["adminform"].form.errors["account"][0]
    second = new_card(staff_client, products["aipbx"], None)
    assert "has a default card already" in second.context["adminform"].form.errors["account"][0]
    assert new_card(staff_client, products["aipbx"], account).status_code == 302
    assert RateCard.objects.get(account=account).name == "Own prices"

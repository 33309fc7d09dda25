"""From a draft to what customers pay: what is shown before, and an account's own card from the account's page."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from organizations.models import Product
from tests.config.admin_steps import act
from tests.factories import make_user, open_test_account
from usage.models import RateCard, RateCardVersion, WhatIfRun
from usage.selectors.card_content import content_of
from usage.services.rate_cards import draft_version, publish_version
from usage.services.what_if import asking, running


def page(version: RateCardVersion, name: str) -> str:
    return reverse(f"admin:usage_ratecardversion_{name}", args=[version.pk])


def what_if_of(response: Any) -> str:
    return str(dict(response.context["rows"])["What if"])


def test_publishing_shows_the_last_what_if_or_that_there_was_none(draft: RateCardVersion, staff_client: Client) -> None:
    assert "No what-if was run on this draft" in what_if_of(staff_client.get(page(draft, "publish")))
    today = timezone.now().date()
    run = asking.ask(version=draft, account=None, first_day=today, last_day=today, user_id=make_user().pk)
    running.work_off(run_id=run.pk)
    link = reverse("admin:usage_whatifrun_change", args=[run.pk])
    shown = what_if_of(staff_client.get(page(draft, "publish")))
    assert link in shown and "edited since" not in shown
    draft.rates.filter(component="stt").update(price=D(1))
    assert "edited since" in what_if_of(staff_client.get(page(draft, "publish")))


def test_a_draft_says_what_was_published_since_it_was_made(
    card: RateCard, draft: RateCardVersion, staff_client: Client
) -> None:
    later = draft_version(card=card, based_on=draft, starts_at=draft.starts_at + timedelta(days=1))
    publish_version(version=later)
    rows = staff_client.get(page(draft, "change")).context["panels"][1].rows
    minds = [str(value) for name, value in rows if name == "Mind"]
    assert "was published on" in minds[0] and f"Version {later.number}" in minds[0]
    assert minds[1] == f"It starts before version {later.number} does: choose a later start to publish it."


def test_a_what_if_is_asked_on_the_versions_page_and_opens_its_run(
    draft: RateCardVersion, staff_client: Client
) -> None:
    opened = staff_client.get(page(draft, "what_if")).context["form"]
    first, last = opened.initial["first_day"], opened.initial["last_day"]
    today = timezone.now().date()
    assert (last + timedelta(days=1), first) == (date(today.year, today.month, 1), last.replace(day=1))
    asked, done, _ = act(staff_client, page(draft, "what_if"), first_day=first, last_day=last, account="")
    assert "accounts with a card of their own keep its prices" in asked
    run = WhatIfRun.objects.get()
    assert done["Location"] == reverse("admin:usage_whatifrun_change", args=[run.pk])
    assert (run.version, run.first_day, run.last_day, run.account) == (draft, first, last, None)


def test_a_run_is_stopped_asked_again_and_downloaded(draft: RateCardVersion, staff_client: Client) -> None:
    today = timezone.now().date()
    run = asking.ask(version=draft, account=None, first_day=today, last_day=today, user_id=make_user().pk)
    act(staff_client, reverse("admin:usage_whatifrun_stop", args=[run.pk]))
    run.refresh_from_db()
    assert run.status == "stopped"
    again = reverse("admin:usage_whatifrun_again", args=[run.pk])
    act(staff_client, again, first_day=today, last_day=today, account="")
    assert WhatIfRun.objects.count() == 2
    answer = staff_client.get(reverse("admin:usage_whatifrun_csv", args=[run.pk]))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("part,key,name,calls")
    assert lines[1] == f'total,,"{run}",0,0,0,0,0.000000,0.000000,0.000000,0.000000,USD'


def test_an_account_gets_its_own_card_from_its_page(
    products: dict[str, Product], published: RateCardVersion, staff_client: Client
) -> None:
    account = open_test_account(products["aipbx"], name="Saffron Logistics")
    address = f"{reverse('admin:usage_ratecard_own_card')}?account={account.pk}"
    shown = staff_client.get(reverse("admin:organizations_account_change", args=[account.pk]))
    assert address in shown.content.decode()
    fields = {"account": account.pk, "starts_at_0": "2999-01-01", "starts_at_1": "00:00:00", "note": "Agreed"}
    _, done, _ = act(staff_client, address, **fields)
    card = RateCard.objects.get(account=account)
    draft = card.versions.get()
    assert done["Location"] == page(draft, "change")
    assert (card.name, draft.note, content_of(draft)) == ("Saffron Logistics", "Agreed", content_of(published))
    asked, _, _ = act(staff_client, address, **fields)
    assert "has a card of its own. Make a new version of it." in asked
    panel = next(
        one
        for one in staff_client.get(reverse("admin:organizations_account_change", args=[account.pk])).context["panels"]
        if one.title == "Prices: its own card"
    )
    assert panel.note == "The default card prices its calls yet."


def test_the_list_says_which_version_prices_calls_now(
    card: RateCard, published: RateCardVersion, draft: RateCardVersion, staff_client: Client
) -> None:
    newer = draft_version(card=card, based_on=published, starts_at=timezone.now() - timedelta(minutes=1))
    publish_version(version=newer)
    publish_version(version=draft)
    listed = staff_client.get(reverse("admin:usage_ratecardversion_changelist"), {"card__id__exact": card.pk})
    model_admin = listed.context["cl"].model_admin
    assert {one.number: model_admin.standing(one) for one in listed.context["cl"].result_list} == {
        1: "before",
        2: "scheduled",
        3: "now",
    }

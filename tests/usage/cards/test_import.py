"""Importing a card: all of a file or nothing, its changes shown first, into a draft and never into anything else."""

from __future__ import annotations

import csv
import io
from decimal import Decimal as D
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.config.admin_steps import token_of
from usage.models import RateCard, RateCardVersion
from usage.selectors.card_content import content_of
from usage.services.card_files.writing import as_csv, as_xlsx
from usage.services.rate_cards import publish_version

NEW = {"starts_at_0": "2999-01-01", "starts_at_1": "00:00:00", "note": "From the sheet"}


def into_card(card: RateCard) -> str:
    return reverse("admin:usage_ratecard_import_file", args=[card.pk])


def into_draft(version: RateCardVersion) -> str:
    return reverse("admin:usage_ratecardversion_import_file", args=[version.pk])


def send(client: Client, address: str, data: bytes, **fields: Any) -> Any:
    token = token_of(client.get(address).content.decode())
    file = SimpleUploadedFile("card.csv", data)
    return client.post(address, {"token": token, "step": "check", "file": file, **fields})


def confirm(client: Client, address: str, shown: Any, **fields: Any) -> Any:
    form = shown.context["form"]
    return client.post(address, {"token": form.data["token"], "cells": form.data["cells"], "step": "confirm", **fields})


def errors_of(response: Any) -> list[str]:
    return list(response.context["form"].non_field_errors())


def sheet(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def csv_of(version: RateCardVersion) -> str:
    return as_csv(content_of(version)).decode()


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_a_version_that_comes_back_unchanged_changes_nothing(
    card: RateCard, published: RateCardVersion, staff_client: Client, write: Any
) -> None:
    shown = send(staff_client, into_card(card), write(content_of(published)), **NEW)
    assert dict(shown.context["rows"])["Changes"] == "nothing"
    assert card.versions.count() == 1
    done = confirm(staff_client, into_card(card), shown, **NEW)
    new = card.versions.get(number=2)
    assert done["Location"] == reverse("admin:usage_ratecardversion_change", args=[new.pk])
    assert (new.status, new.note) == (RateCardVersion.Status.DRAFT, "From the sheet")
    assert content_of(new) == content_of(published)


def test_what_a_file_changes_is_shown_before_it_is_written_into_a_draft(
    published: RateCardVersion, draft: RateCardVersion, staff_client: Client
) -> None:
    draft.rates.filter(component="stt").update(price=D("0.0075"))
    data = csv_of(draft).encode()
    draft.rates.filter(component="stt").update(price=D("9"))  # which the import replaces
    shown = send(staff_client, into_draft(draft), data)
    (prices,) = shown.context["panels"]
    assert (prices.rows[0][6], dict(shown.context["rows"])["Changes"]) == ("+25.00%", "1 rate changed")
    assert draft.rates.get(component="stt").price == D(9)
    confirm(staff_client, into_draft(draft), shown)
    assert draft.rates.get(component="stt").price == D("0.0075")
    assert published.rates.get(component="stt").price == D("0.006")


def test_one_wrong_line_keeps_the_whole_file_out_and_says_where_and_what(
    draft: RateCardVersion, staff_client: Client
) -> None:
    before = content_of(draft)
    header, *rows = csv.reader(io.StringIO(csv_of(draft).removeprefix("\ufeff")))
    first = next(number for number, row in enumerate(rows, start=1) if row[0] == "rate")

    def with_cell(number: int, column: str, text: str) -> None:
        rows[number - 1][header.index(column)] = text

    with_cell(first, "per", "0")
    with_cell(first, "event_type", "call.started")
    with_cell(first + 1, "price", "much")
    with_cell(first + 2, "is_operators_to_set", "perhaps")
    response = send(staff_client, into_draft(draft), sheet([header, *rows]))
    errors = errors_of(response)
    assert (
        f"Line {first + 1}, column per: Write a number above zero; 1 when it does not matter. ('0' was written.)"
        in errors
    )
    assert any(one.startswith(f"Line {first + 1}, column event_type: Select a valid choice.") for one in errors)
    assert f"Line {first + 2}, column price: Enter a number. ('much' was written.)" in errors
    assert f"Line {first + 3}, column is_operators_to_set: Write yes or no, not 'perhaps'." in errors
    assert content_of(draft) == before


def test_a_decimal_comma_and_a_card_that_is_unsound_as_a_whole_are_told(
    draft: RateCardVersion, staff_client: Client
) -> None:
    text = csv_of(draft)
    comma = text.replace("0.006", '"0,006"', 1)
    (error,) = errors_of(send(staff_client, into_draft(draft), comma.encode()))
    assert error.endswith("column price: Write a decimal point: 0.006.")
    speech = next(line for line in text.splitlines() if ",stt," in line)
    twice = f"{text}{speech}\r\n".encode()
    (error,) = errors_of(send(staff_client, into_draft(draft), twice))
    assert error == "call.completed stt: priced 2 times."
    settings_only = "\n".join(line for line in text.splitlines() if not line.startswith("rate,"))
    assert errors_of(send(staff_client, into_draft(draft), settings_only.encode())) == [
        "There is no line of kind rate. A card without prices charges nothing."
    ]


def test_settings_that_a_file_does_not_name_stay_and_wrong_ones_are_told(
    draft: RateCardVersion, staff_client: Client
) -> None:
    RateCardVersion.objects.filter(pk=draft.pk).update(conversation_seconds=45)
    text = csv_of(draft)
    without = "\n".join(line for line in text.splitlines() if not line.startswith("setting,"))
    shown = send(staff_client, into_draft(draft), without.encode())
    confirm(staff_client, into_draft(draft), shown)
    draft.refresh_from_db()
    assert draft.conversation_seconds == 45
    wrong = text.replace("setting,rounding,half_up", "setting,rounding,sideways")
    (error,) = errors_of(send(staff_client, into_draft(draft), wrong.encode()))
    assert error.startswith("Line 3, column value: rounding: Select a valid choice.")


def test_a_draft_that_was_published_meanwhile_is_not_written(draft: RateCardVersion, staff_client: Client) -> None:
    shown = send(staff_client, into_draft(draft), csv_of(draft).replace("0.006", "0.009", 1).encode())
    publish_version(version=draft)
    before = content_of(draft)
    answer = confirm(staff_client, into_draft(draft), shown)
    assert answer.status_code != 302
    assert content_of(draft) == before


def test_cells_that_were_tampered_with_are_not_taken(draft: RateCardVersion, staff_client: Client) -> None:
    shown = send(staff_client, into_draft(draft), csv_of(draft).encode())
    token = shown.context["form"].data["token"]
    answer = staff_client.post(into_draft(draft), {"token": token, "cells": "x:y:z", "step": "confirm"})
    assert answer.context["form"].errors["file"] == ["Choose the file again: what was shown is too old."]


def test_no_file_is_asked_for(draft: RateCardVersion, staff_client: Client) -> None:
    token = token_of(staff_client.get(into_draft(draft)).content.decode())
    answer = staff_client.post(into_draft(draft), {"token": token, "step": "check"})
    assert answer.context["form"].errors["file"] == ["Choose a file."]


def test_templates_and_versions_are_downloaded_as_files(published: RateCardVersion, staff_client: Client) -> None:
    for kind in ("csv", "xlsx"):
        version = staff_client.get(reverse(f"admin:usage_ratecardversion_{kind}", args=[published.pk]))
        assert version["Content-Disposition"] == f'attachment; filename="ai-pbx-default-version-1.{kind}"'
        template = staff_client.get(reverse(f"admin:usage_ratecard_template_{kind}"))
        assert template["Content-Disposition"] == f'attachment; filename="rate-card-template.{kind}"'


def test_the_template_itself_can_be_imported(card: RateCard, staff_client: Client) -> None:
    data = staff_client.get(reverse("admin:usage_ratecard_template_csv")).content
    shown = send(staff_client, into_card(card), data, **NEW)
    assert dict(shown.context["rows"])["Rates and free rules"] == "1 and 1"

"""Usage as a file: the same rows and sums as the page, and no cell of it a formula."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal as D
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from organizations.models import Account
from tests.usage.events import charge, event
from tests.usage.views.test_usage import page_of

NOON = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)


def file_of(client: Client, **query: Any) -> list[dict[str, str]]:
    response = client.get(reverse("usage_csv"), query)
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text)))


@pytest.fixture
def agency(bare_account: Callable[..., Account]) -> Account:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False):
        return bare_account("aitelier", paid="100", projects={"desk": "live", "pilot": "sandbox"})


def test_a_row_a_day_project_kind_and_component(agency: Account, reader: Callable[..., Client]) -> None:
    with time_machine.travel(NOON, tick=False):
        charge(
            "aitelier",
            event(agency, project="desk", outcome="success"),
            event(agency, project="desk", outcome="success", duration_seconds=400, duration_cap_seconds=600),
            event(agency, project="pilot", outcome="spam", tier="premium"),
        )
        client = reader(agency)
        rows, total = file_of(client), page_of(client).context["total"]
    assert [" ".join(row.values()) for row in rows] == [
        "2026-03-15 desk no call.completed  standard success call call 2 2 1.800000 USD",
        "2026-03-15 desk no call.completed  standard success overage minute 1 2 0.240000 USD",
        "2026-03-15 pilot yes call.completed  premium spam call call 1 1 0.150000 USD",
    ]
    assert sum(D(row["amount"]) for row in rows if row["simulated"] == "no") == total == D("2.04")


def test_the_file_is_of_the_period_and_project_of_the_page(agency: Account, reader: Callable[..., Client]) -> None:
    for day in (1, 8, 15):
        with time_machine.travel(datetime(2026, 3, day, 12, tzinfo=UTC), tick=False):
            charge("aitelier", event(agency, project="desk", outcome="spam"), event(agency, project="pilot"))
    with time_machine.travel(NOON, tick=False):
        client = reader(agency)
        query = {"when": "other", "from": "2026-03-02", "to": "2026-03-14"}
        assert {(row["day"], row["project"]) for row in file_of(client, **query)} == {
            ("2026-03-08", "desk"),
            ("2026-03-08", "pilot"),
        }
        pilot = agency.projects.get(external_id="pilot").pk
        assert {row["project"] for row in file_of(client, project=pilot)} == {"pilot"}
        name = client.get(reverse("usage_csv"), query)["Content-Disposition"]
    assert name == 'attachment; filename="usage-2026-03-02-2026-03-14.csv"'


def test_no_cell_is_a_formula(bare_account: Callable[..., Account], reader: Callable[..., Client]) -> None:
    account = bare_account("letustalk", paid="10")
    charge("letustalk", event(account, model="=1+1", provider_costs={"llm": "0.01"}))
    assert {row["model"] for row in file_of(reader(account))} == {"'=1+1"}


def test_a_viewer_reads_the_file_and_a_stranger_only_an_own_one(
    agency: Account, bare_account: Callable[..., Account], reader: Callable[..., Client]
) -> None:
    from organizations.models import Role

    charge("aitelier", event(agency, project="desk", outcome="success"))
    assert len(file_of(reader(agency, Role.VIEWER))) == 1
    assert file_of(reader(bare_account("aitelier"))) == []

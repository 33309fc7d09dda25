"""Lists as files: what the filters leave, exactly, for those who may take it, and written down."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal as D

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from billing.admin import list_export
from organizations.models import Account
from tests.config.admin_rows import make_clerk

pytestmark = pytest.mark.django_db
LISTS = ("wallet", "transaction", "payment", "topup", "refund", "document", "coupon")
CSV, XLSX = "0", "1"


def url(model: str) -> str:
    return reverse(f"admin:billing_{model}_export")


def test_lists_are_taken_away_by_those_who_may_see_and_take_them(make_account: Callable[..., Account]) -> None:
    make_account("aipbx", paid="10")
    views = [f"billing.view_{model}" for model in LISTS]
    for permissions, expected in (
        ([*views, "billing.export_lists"], 200),
        (views, 403),
        (["billing.export_lists"], 403),
    ):
        client = Client()
        client.force_login(make_clerk(*permissions))
        for model in LISTS:
            assert client.get(url(model)).status_code == expected, model
            assert client.post(url(model), {"format": CSV, "resource": "0"}).status_code == expected, model
    assert LogEntry.objects.filter(change_message__startswith="Downloaded the list as csv").count() == len(LISTS)


def test_a_file_has_what_the_filters_leave_with_every_digit(
    make_account: Callable[..., Account], staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = make_account("aipbx", name="=1+1", paid="10.000001", promo="2")
    make_account("aipbx", paid="5")
    query = f"?wallet__id__exact={wanted.wallet.pk}"
    answer = staff_client.post(url("transaction") + query, {"format": CSV, "resource": "0"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [(row["account"], row["kind"], row["amount"], row["currency"]) for row in rows] == [
        ("'=1+1", "promo", "2.000000", "USD"),
        ("'=1+1", "credit", "10.000001", "USD"),
    ]
    answer = staff_client.post(url("transaction") + query, {"format": XLSX, "resource": "0"})
    heads, *lines = load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
    assert [D(str(line[heads.index("amount")])) for line in lines] == [D(2), D("10.000001")]
    assert {line[heads.index("account")] for line in lines} == {"'=1+1"}
    monkeypatch.setattr(list_export, "ROWS_MAX", 1)
    answer = staff_client.post(url("transaction"), {"format": CSV, "resource": "0"})
    assert len(answer.content.decode().splitlines()) == 2

"""The page of audit exports, its downloads, and the published keys."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import AuditExport
from billing.services.exports.making import make, remove_expired
from billing.services.exports.signing import current_signer, rotate
from billing.views.audit_export_form import presets
from organizations.models import Account, Role
from tests.billing.exports.exporting import made

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]
Reader = Callable[..., Client]
PAGE = "/billing/audit-export/"


def text(response: Any) -> str:
    """The page's words."""
    body = re.sub(r"<(head|script|nav).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def bytes_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_asking_shows_the_export_until_it_can_be_downloaded(bare_account: Make, reader: Reader) -> None:
    account = bare_account("aitelier", paid="10")
    client = reader(account)
    assert "No exports yet" in text(client.get(PAGE))
    today = timezone.now().date()
    done = client.post(PAGE, {"from": f"{today}", "to": f"{today}"}, follow=True)
    assert done.redirect_chain == [(PAGE, 303)]
    assert "The export is being made." in text(done)
    assert "It begins as soon as a worker is free." in text(done)
    assert '<meta http-equiv="refresh" content="5">' in done.content.decode()
    export = AuditExport.objects.get()
    assert (export.first_day, export.last_day, export.wallet) == (today, today, account.wallet)
    AuditExport.objects.update(status="running", attempt=1, rows=3, rows_expected=12, leased_until=timezone.now())
    assert "25%, 3 rows" in text(client.get(PAGE))
    assert make(export_id=export.pk)
    page = client.get(PAGE)
    assert "Single files and signatures" in text(page)
    assert "http-equiv" not in page.content.decode()
    links = re.findall(r'href="(/billing/audit-export/[^"]+/[^"]+)"', page.content.decode())
    assert [link.rpartition("/")[2] for link in links] == [
        *("movements.csv", "movements.csv.sig", "documents.csv", "documents.csv.sig", "usage.csv", "usage.csv.sig"),
        *("manifest.json", "manifest.json.sig", f"audit-{today}-{today}.zip"),
    ]
    export.refresh_from_db()
    archive = client.get(links[-1])
    assert bytes_of(archive) == storages["exports"].open(export.path).read()
    assert archive["Content-Disposition"] == f'attachment; filename="audit-{today}-{today}.zip"'
    assert len(bytes_of(client.get(links[1]))) == 64
    assert bytes_of(client.get(links[0])).startswith(b"\xef\xbb\xbfentry,number,at,kind")


def test_days_that_are_none_stay_in_the_form_with_the_reason(bare_account: Make, reader: Reader) -> None:
    client = reader(bare_account("aitelier"))
    wrong = client.post(PAGE, {"from": "soon", "to": "2026-01-31"})
    assert wrong.status_code == 422
    assert "Not a date. Write it as 2026-03-15." in text(wrong)
    assert 'value="soon"' in wrong.content.decode()
    later = client.post(PAGE, {"from": "2026-01-01", "to": "2999-01-31"})
    assert later.status_code == 422
    assert "In the future. Choose a day up to today." in text(later)
    assert AuditExport.objects.count() == 0


def test_a_viewer_sees_neither_the_page_nor_its_entry(bare_account: Make, reader: Reader) -> None:
    account = bare_account("aitelier")
    export = made(account, *(timezone.now().date(),) * 2)
    viewer = reader(account, Role.VIEWER)
    assert viewer.get(PAGE).status_code == 403
    assert viewer.get(reverse("audit_export_file", args=[export.reference, "movements.csv"])).status_code == 403
    assert PAGE not in viewer.get(reverse("overview")).content.decode()
    assert PAGE in reader(account, Role.BILLING).get(reverse("overview")).content.decode()


@pytest.mark.parametrize("name", ["other.csv", "export.zip", "..%2Fmanifest.json", "audit-2026-01-01-2026-01-31.zip"])
def test_only_what_is_in_the_archive_can_be_had(bare_account: Make, reader: Reader, name: str) -> None:
    account = bare_account("aitelier")
    export = made(account, *(timezone.now().date(),) * 2)
    assert reader(account).get(f"{PAGE}{export.reference}/{name}").status_code == 404


def test_what_was_removed_says_so(bare_account: Make, reader: Reader) -> None:
    account = bare_account("aitelier")
    with time_machine.travel(timezone.now() - timedelta(days=40)):
        export = made(account, *(timezone.now().date(),) * 2)
    assert remove_expired() == 1
    client = reader(account)
    assert "Its files were removed on" in text(client.get(PAGE))
    assert client.get(reverse("audit_export_file", args=[export.reference, "movements.csv"])).status_code == 404


def test_a_failed_export_says_so(bare_account: Make, reader: Reader) -> None:
    account = bare_account("aitelier")
    made(account, *(timezone.now().date(),) * 2)
    client = reader(account)
    client.post(PAGE, {"from": "2026-01-01", "to": "2026-01-31"})
    AuditExport.objects.filter(status="requested").update(status="failed", error="OSError: secret path")
    shown = text(client.get(PAGE))
    assert "It could not be made, and we have been told." in shown
    assert "secret path" not in shown


def test_the_page_takes_few_statements_however_many_exports(
    bare_account: Make, reader: Reader, statements: Callable[[], Any]
) -> None:
    account = bare_account("aitelier")
    client = reader(account)
    for _ in range(5):
        made(account, *(timezone.now().date(),) * 2)
    with statements() as sent:
        client.get(PAGE)
    assert len(sent) <= 15, sent


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 3, 15), ["2026-02-01 2026-02-28", "2026-03-01 2026-03-15", "2025-10-01 2025-12-31"]),
        (date(2028, 3, 31), ["2028-02-01 2028-02-29", "2028-03-01 2028-03-31", "2027-10-01 2027-12-31"]),
        (date(2026, 1, 1), ["2025-12-01 2025-12-31", "2026-01-01 2026-01-01", "2025-10-01 2025-12-31"]),
        (date(2026, 12, 31), ["2026-11-01 2026-11-30", "2026-12-01 2026-12-31", "2026-07-01 2026-09-30"]),
    ],
)
def test_the_periods_offered_are_the_calendars(today: date, expected: list[str]) -> None:
    years = [f"{today.year}-01-01 {today}", f"{today.year - 1}-01-01 {today.year - 1}-12-31"]
    assert [f"{each.first} {each.last}" for each in presets(today)] == [*expected, *years]


def test_keys_are_published_for_everybody_and_stay(client: Client) -> None:
    assert "Nothing has been signed yet." in text(client.get("/billing/keys/"))
    with time_machine.travel(datetime(2026, 1, 5, tzinfo=UTC)):
        old = current_signer().key
    with time_machine.travel(datetime(2026, 3, 5, tzinfo=UTC)):
        new = rotate()
    page = text(client.get("/billing/keys/"))
    assert f"Since 2026-03-05 {new.fingerprint}" in page
    assert f"2026-01-05 to 2026-03-05 {old.fingerprint}" in page
    for key in (old, new):
        answer = client.get(f"/billing/keys/{key.fingerprint}.pem")
        assert answer.content.decode() == key.public_key
        assert "PRIVATE" not in answer.content.decode()
    assert client.get(f"/billing/keys/{'0' * 64}.pem").status_code == 404

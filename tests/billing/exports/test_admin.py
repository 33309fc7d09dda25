"""Staff ask for an export of any account and download it; keys and signed days are read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import AuditExport, SignedDay
from billing.services.exports.heads import heads_file, sign_day
from billing.services.exports.making import make
from billing.services.exports.signing import current_signer
from organizations.models import Account
from tests.billing.exports.exporting import made
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import token_of

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]
ASK = "admin:billing_auditexport_ask"
DOWNLOAD = "admin:billing_auditexport_download"


def test_staff_ask_for_an_export_of_an_account_and_the_customer_finds_it(
    bare_account: Make, staff_client: Client, reader: Callable[..., Client]
) -> None:
    account = bare_account("aitelier", paid="10")
    page = staff_client.get(reverse(ASK)).content.decode()
    fields = {"wallet": account.wallet.pk, "first_day": "2026-01-01", "last_day": "2026-01-31", "token": token_of(page)}
    checked = staff_client.post(reverse(ASK), {**fields, "step": "check"}).content.decode()
    assert "2026-01-01 to 2026-01-31" in checked
    assert AuditExport.objects.count() == 0
    assert staff_client.post(reverse(ASK), {**fields, "step": "confirm"}).status_code == 302
    export = AuditExport.objects.get()
    assert (export.wallet, export.first_day, export.last_day) == (account.wallet, date(2026, 1, 1), date(2026, 1, 31))
    assert make(export_id=export.pk)
    page = reader(account).get("/billing/audit-export/").content.decode()
    assert f"{export.reference}" in page
    assert "Asked for by us" in page and export.requested_by.email not in page


def test_days_that_are_none_are_refused_with_the_reason(bare_account: Make, staff_client: Client) -> None:
    account = bare_account("aitelier")
    token = token_of(staff_client.get(reverse(ASK)).content.decode())
    fields = {"wallet": account.wallet.pk, "first_day": "2026-01-01", "last_day": "2999-01-31", "token": token}
    answer = staff_client.post(reverse(ASK), {**fields, "step": "confirm"}).content.decode()
    assert "In the future. Choose a day up to today." in answer
    assert AuditExport.objects.count() == 0


def test_who_downloaded_it_is_in_the_history(bare_account: Make, staff_client: Client) -> None:
    export = made(bare_account("aitelier"), *(timezone.now().date(),) * 2)
    answer: Any = staff_client.get(reverse(DOWNLOAD, args=[export.pk]))
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    (entry,) = LogEntry.objects.filter(object_id=str(export.pk))
    assert (entry.change_message, entry.user.is_staff) == ("Downloaded.", True)
    AuditExport.objects.update(path="")
    assert staff_client.get(reverse(DOWNLOAD, args=[export.pk])).status_code == 302


def test_who_may_only_look_downloads_nothing(bare_account: Make) -> None:
    export = made(bare_account("aitelier"), *(timezone.now().date(),) * 2)
    client = Client()
    client.force_login(make_clerk("billing.view_auditexport"))
    page = client.get(reverse("admin:billing_auditexport_change", args=[export.pk]))
    assert page.status_code == 200
    assert export.manifest["files"][0]["sha256"] in page.content.decode()
    assert client.get(reverse(DOWNLOAD, args=[export.pk])).status_code == 403
    assert LogEntry.objects.count() == 0


def test_a_signed_day_is_downloaded_with_its_signature(bare_account: Make, staff_client: Client) -> None:
    bare_account("aitelier", paid="10")
    sign_day()
    day = SignedDay.objects.get()
    made_file = heads_file(day)
    content = staff_client.get(reverse("admin:billing_signedday_download", args=[day.pk]))
    signature = staff_client.get(reverse("admin:billing_signedday_download_signature", args=[day.pk]))
    assert (content.content, signature.content) == (made_file.content, made_file.signature)
    assert content["Content-Disposition"] == f'attachment; filename="heads-{day.day}.csv"'


def test_a_private_key_is_shown_to_nobody(staff_client: Client) -> None:
    key = current_signer().key
    page = staff_client.get(reverse("admin:billing_signingkey_change", args=[key.pk])).content.decode()
    assert key.fingerprint in page
    assert "PRIVATE" not in page and key.private_key.splitlines()[1] not in page

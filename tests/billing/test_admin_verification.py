"""Ledger checks in the back office: the result that can be read and the button that asks for a new one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from billing.models import LedgerVerification
from tests.config.admin_steps import token_of

ADDRESS = "admin:billing_ledgerverification_verify_now"


def test_verify_now_queues_the_sweep_once_it_is_confirmed(
    staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("billing.admin.verification.current_app.send_task", sent.append)
    token = token_of(staff_client.get(reverse(ADDRESS)).content.decode())
    assert sent == []
    done = staff_client.post(reverse(ADDRESS), {"token": token, "step": "confirm"}, follow=True)
    assert sent == ["sweeps.verify_ledger"]
    assert "The verification is queued" in done.content.decode()


def test_a_broker_that_does_not_answer_is_said_and_nothing_breaks(
    staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("billing.admin.verification.current_app.send_task", refuse)
    token = token_of(staff_client.get(reverse(ADDRESS)).content.decode())
    answer = staff_client.post(reverse(ADDRESS), {"token": token, "step": "confirm"})
    assert answer.status_code == 200
    assert "the broker does not answer" in answer.content.decode()


@pytest.mark.parametrize(
    "findings",
    [
        {"numbering": [{"wallet_id": 3, "gap": "after 17"}]},
        {"numbering": [[3, "after 17"]]},
        {"numbering": {"description": "Numbers have gaps.", "rows": [{"wallet_id": 3, "gap": "after 17"}]}},
        {"numbering": ["wallet 3, after 17"]},
    ],
)
def test_findings_are_tables_whatever_their_shape(findings: dict[str, Any], staff_client: Client) -> None:
    now = timezone.now()
    run = LedgerVerification.objects.create(
        started_at=now, finished_at=now, transactions=17, is_sound=False, findings=findings
    )
    html = staff_client.get(reverse("admin:billing_ledgerverification_change", args=[run.pk])).content.decode()
    assert "Numbering" in html and "after 17" in html


def test_a_finding_leads_to_the_row_it_is_about(staff_client: Client) -> None:
    now = timezone.now()
    findings = {"numbering": {"description": "Gaps.", "rows": [{"wallet_id": "3"}], "has_more": True}}
    run = LedgerVerification.objects.create(
        started_at=now, finished_at=now, transactions=17, is_sound=False, findings=findings
    )
    html = staff_client.get(reverse("admin:billing_ledgerverification_change", args=[run.pk])).content.decode()
    assert f'href="{reverse("admin:billing_wallet_change", args=[3])}"' in html
    assert "Only the first rows are kept." in html


def test_a_sound_run_says_so(staff_client: Client) -> None:
    now = timezone.now()
    run = LedgerVerification.objects.create(started_at=now, finished_at=now, transactions=17, is_sound=True)
    html = staff_client.get(reverse("admin:billing_ledgerverification_change", args=[run.pk])).content.decode()
    assert "Every rule held" in html

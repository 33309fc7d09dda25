"""Every page of a customer, as somebody of the staff sees it: it loads, it is marked, and it writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from organizations.models import SupportView
from organizations.viewing import SESSION_KEY
from tests.factories import make_user
from tests.isolation.conftest import Worlds
from tests.isolation.digest import nothing_is_written
from tests.isolation.matrix import ROWS, Row
from tests.isolation.test_matrix import ask

PAGES = [row for row in ROWS if not row.name.startswith(("account_", "mfa_")) and row.name != "end_support_view"]
ITS_OWN = {"members_leave": 404}  # nobody of the staff is a member


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
def test_staff_read_every_page_and_write_none(row: Row, worlds: Worlds, browser: Callable[..., Client]) -> None:
    staff = make_user(is_staff=True)
    account = worlds.secretive.account
    until = timezone.now() + timedelta(minutes=5)
    view = SupportView.objects.create(account=account, staff=staff, reason="Asked", until=until)
    client = browser(staff)
    session = client.session
    session[SESSION_KEY] = view.pk
    session.save()
    for verb in row.verbs:
        with nothing_is_written():
            response = ask(client, verb, row, worlds.secretive)
            content = b"".join(response.streaming_content) if response.streaming else response.content
        expected = 403 if verb == "POST" else ITS_OWN.get(row.name, row.read)
        assert response.status_code == expected, (verb, content[:2000])
        if b"<body" in content and verb != "HEAD":
            assert b'class="viewing"' in content, verb

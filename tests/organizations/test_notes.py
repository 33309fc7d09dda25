"""Notes on accounts: who writes them, and that nobody edits or deletes one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from organizations.models import Account, AccountNote, User
from organizations.services import notes
from tests.config.admin_rows import make_clerk
from tests.config.admin_steps import act


@pytest.fixture
def account(make_account: Callable[..., Account]) -> Account:
    return make_account("aipbx", name="TechMaster")


@pytest.fixture
def clerk(db: None) -> User:
    return make_clerk("organizations.view_account", "organizations.view_accountnote", "organizations.add_note")


def test_a_note_is_written_on_the_accounts_page(account: Account, clerk: User, client: Client) -> None:
    client.force_login(clerk)
    address = reverse("admin:organizations_account_add_note", args=[account.pk])
    asked, done, _ = act(client, address, text="Calls back <at> noon.\r\nNo mail.", is_pinned="on")
    assert "Calls back &lt;at&gt; noon." in asked
    assert done.status_code == 302
    note = account.notes.get()
    assert (note.text, note.author, note.is_pinned) == ("Calls back <at> noon.\nNo mail.", clerk, True)
    page = client.get(reverse("admin:organizations_account_change", args=[account.pk]))
    (panel,) = [each for each in page.context["panels"] if each.title == "Notes"]
    assert "Calls back &lt;at&gt; noon." in str(panel.rows[0][0])


def test_whoever_may_not_write_notes_does_not(account: Account, client: Client) -> None:
    reader = make_clerk("organizations.view_account", "organizations.view_accountnote")
    client.force_login(reader)
    address = reverse("admin:organizations_account_add_note", args=[account.pk])
    assert client.get(address).status_code == 403
    with pytest.raises(PermissionDenied):
        notes.write(account_id=account.pk, author=reader, text="x", is_pinned=False)
    assert AccountNote.objects.count() == 0


def test_a_note_is_struck_out_by_its_author_and_stays(account: Account, clerk: User, client: Client) -> None:
    note = notes.write(account_id=account.pk, author=clerk, text="Wrong.", is_pinned=True)
    other = make_clerk("organizations.add_note")
    with pytest.raises(PermissionDenied):
        notes.strike_out(note_id=note.pk, by=other)
    client.force_login(clerk)
    act(client, reverse("admin:organizations_accountnote_strike_out", args=[note.pk]))
    note.refresh_from_db()
    assert (note.text, note.struck_by, note.is_pinned) == ("Wrong.", clerk, False)
    assert not notes.set_pinned(note_id=note.pk, is_pinned=True, by=clerk)
    page = client.get(reverse("admin:organizations_account_change", args=[account.pk]))
    assert "Wrong." not in page.content.decode()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE organizations_accountnote SET text = 'other'",
        "UPDATE organizations_accountnote SET created_at = now() - interval '1 day'",
        "DELETE FROM organizations_accountnote",
    ],
)
def test_the_database_lets_nobody_edit_or_delete_a_note(account: Account, clerk: User, sql: str) -> None:
    notes.write(account_id=account.pk, author=clerk, text="As it was.", is_pinned=False)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert AccountNote.objects.get().text == "As it was."

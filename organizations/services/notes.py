"""Notes on accounts: written, pinned, struck out; never edited and never deleted (the database refuses both)."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from organizations.models import AccountNote, User

WRITES = "organizations.add_note"
STRIKES_OTHERS = "organizations.change_account"
LONGEST = 4000


def write(*, account_id: int, author: User, text: str, is_pinned: bool) -> AccountNote:
    """A new note. Raises PermissionDenied, and ValidationError for an empty one and one beyond `LONGEST` characters."""
    if not author.has_perm(WRITES):
        raise PermissionDenied
    text = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").split("\n")).strip()
    if not text:
        raise ValidationError({"text": "Write what should be known."})
    if len(text) > LONGEST:
        raise ValidationError({"text": f"Write at most {LONGEST:,} characters; these are {len(text):,}."})
    return AccountNote.objects.create(account_id=account_id, author=author, text=text, is_pinned=is_pinned)


def may_strike(note: AccountNote, user: User) -> bool:
    """Whether somebody may strike a note out: its author, and whoever may change the account."""
    if not user.has_perm(WRITES):
        return False
    return note.author_id == user.pk or user.has_perm(STRIKES_OTHERS)


def strike_out(*, note_id: int, by: User) -> bool:
    """Take a note back; it stays to be read, with who took it back and when. Says whether it stood until now.

    Raises AccountNote.DoesNotExist, PermissionDenied.
    """
    with transaction.atomic():
        note = AccountNote.objects.select_for_update(of=("self",)).get(pk=note_id)
        if not may_strike(note, by):
            raise PermissionDenied
        if note.struck_at is not None:
            return False
        note.struck_at, note.struck_by, note.is_pinned = timezone.now(), by, False
        note.save(update_fields=["struck_at", "struck_by", "is_pinned"])
    return True


def set_pinned(*, note_id: int, is_pinned: bool, by: User) -> bool:
    """Put a note above the others or back among them; says whether that changed anything. One struck out stays below.

    Raises PermissionDenied.
    """
    if not by.has_perm(WRITES):
        raise PermissionDenied
    notes = AccountNote.objects.filter(pk=note_id, struck_at=None).exclude(is_pinned=is_pinned)
    return bool(notes.update(is_pinned=is_pinned))

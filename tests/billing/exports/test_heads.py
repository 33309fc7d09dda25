"""The daily signed heads: once a day, of every chain, and whoever changes what was signed is found out."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection

from billing.models import ChainHead, GrantKind, SignedDay
from billing.services.exports.heads import HeadsChangedError, heads_file, sign_day
from billing.services.exports.signing import rotate
from billing.verification.run import verify
from tests.billing.threads import at_once
from tests.billing.wallets import give, make_wallet

if TYPE_CHECKING:
    from tests.conftest import Ended

MONDAY = datetime(2026, 3, 16, 1, tzinfo=UTC)
TUESDAY, WEDNESDAY = (MONDAY.replace(day=day) for day in (17, 18))


def sign(at: datetime) -> bool:
    with time_machine.travel(at):
        return sign_day()


def changed(sql: str) -> None:
    """Change rows as somebody who has the database can."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.mark.django_db
def test_a_day_is_signed_once_and_has_every_chain() -> None:
    first, second, empty = make_wallet(paid="5"), make_wallet(paid="6"), make_wallet()
    assert (sign(MONDAY), sign(MONDAY.replace(hour=23))) == (True, False)
    give(second, GrantKind.PAID, "1")
    assert sign(TUESDAY)
    second.refresh_from_db()
    monday, tuesday = SignedDay.objects.order_by("day")
    assert (monday.wallets, tuesday.wallets) == (2, 2)
    assert heads_file(tuesday).name == "heads-2026-03-17.csv"
    assert heads_file(tuesday).content.decode() == (
        "day,wallet,number,hash\r\n"
        f"2026-03-17,{first.pk},1,{bytes(first.chain_head).hex()}\r\n"
        f"2026-03-17,{second.pk},2,{bytes(second.chain_head).hex()}\r\n"
    )
    assert f"2026-03-16,{second.pk},1," in heads_file(monday).content.decode()
    assert ChainHead.objects.count() == 3  # a chain that did not move needs no new row
    assert not ChainHead.objects.filter(wallet=empty).exists()


@pytest.mark.django_db(transaction=True)
def test_two_processes_sign_a_day_once() -> None:
    make_wallet(paid="5")
    assert sorted(map(str, at_once([sign_day] * 3))) == ["False", "False", "True"]
    assert SignedDay.objects.count() == 1


@pytest.mark.django_db
def test_verify_ledger_finds_a_history_that_is_another_than_was_signed() -> None:
    wallet = make_wallet(paid="5")
    sign(MONDAY)
    only = ["signed_heads_are_in_chains"]
    assert verify(only) == []
    changed(f"UPDATE billing_transaction SET hash = sha256('x') WHERE wallet_id = {wallet.pk}")
    (finding,) = verify(only)
    assert (finding.rows[0]["wallet_id"], finding.rows[0]["number"]) == (str(wallet.pk), "1")


@pytest.mark.django_db
def test_signed_heads_that_were_changed_are_noticed_before_the_next_day_is_signed() -> None:
    make_wallet(paid="5")
    sign(MONDAY)
    changed("UPDATE billing_chainhead SET hash = sha256('x')")
    with pytest.raises(HeadsChangedError, match="The heads of 2026-03-16 are not those that were signed"):
        sign(TUESDAY)
    assert SignedDay.objects.count() == 1


@pytest.mark.django_db
def test_a_wallet_cannot_be_slipped_into_a_day_that_was_signed() -> None:
    make_wallet(paid="5")
    sign(MONDAY)
    late = make_wallet(paid="6")
    changed(f"INSERT INTO billing_chainhead (wallet_id, day, number, hash) VALUES ({late.pk}, '2026-03-16', 1, 'x')")
    with pytest.raises(HeadsChangedError):
        heads_file(SignedDay.objects.get())


@pytest.mark.django_db
def test_the_command_writes_files_that_openssl_verifies(command_line: Callable[..., Ended], tmp_path: Path) -> None:
    make_wallet(paid="5")
    sign(MONDAY)
    monday_key = SignedDay.objects.get().key.public_key
    rotate()
    with time_machine.travel(TUESDAY):
        done = command_line("sign_chain_heads", "--to", str(tmp_path), "--all")
        again = command_line("sign_chain_heads", "--to", str(tmp_path), "--all")
    assert (done.code, done.out) == (0, f"Today's heads are signed.\n2 new files in {tmp_path}.\n")
    assert again.out == f"Today's heads were signed before.\n0 new files in {tmp_path}.\n"
    names = {"heads-2026-03-16.csv", "heads-2026-03-17.csv"}
    assert {path.name for path in tmp_path.iterdir()} == names | {f"{name}.sig" for name in names}
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "key.pem").write_text(monday_key)
    for day, said in (("16", "Signature Verified Successfully\n"), ("17", "Signature Verification Failure\n")):
        name = f"heads-2026-03-{day}.csv"
        command = f"openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in {name} -sigfile {name}.sig"
        done_by = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done_by.stdout == said


@pytest.mark.django_db
def test_the_command_needs_a_folder(command_line: Callable[..., Ended], tmp_path: Path) -> None:
    done = command_line("sign_chain_heads", "--to", str(tmp_path / "none"))
    assert done.code == 2
    assert done.err.endswith(f"to: {tmp_path / 'none'} is no folder.\n")
    assert SignedDay.objects.count() == 0

"""An export verifies with openssl and without us, and whatever was changed in it is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.storage import storages

from billing.models import AuditExport
from billing.services.exports.signing import current_signer, rotate
from billing.services.exports.verify import verify
from organizations.models import Account
from tests.billing.exports.exporting import made, trusted, unpacked
from tests.usage.events import charge, event

if TYPE_CHECKING:
    from tests.conftest import Ended

pytestmark = pytest.mark.django_db
Make = Callable[..., Account]
Command = Callable[..., "Ended"]
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def export(bare_account: Make) -> AuditExport:
    """Of a day with three calls."""
    with time_machine.travel(NOON):
        account = bare_account("aitelier", projects={"desk": "live"}, paid="10")
        charge("aitelier", *(event(account, project="desk", outcome="success", duration_seconds=600) for _ in range(3)))
        return made(account)


@pytest.fixture
def folder(export: AuditExport, tmp_path: Path) -> Path:
    """Its files."""
    return unpacked(export, tmp_path)


def openssl(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The command that the page shows."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: what it would verify is verified by verify_export only")
    command = f"openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in {name} -sigfile {name}.sig"
    return subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["movements.csv", "usage.csv", "documents.csv", "manifest.json"])
def test_openssl_verifies_every_file_and_refuses_a_changed_byte(folder: Path, name: str) -> None:
    done = openssl(folder, name)
    assert (done.returncode, done.stdout) == (0, "Signature Verified Successfully\n")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    refused = openssl(folder, name)
    assert refused.returncode == 1
    assert refused.stdout == "Signature Verification Failure\n"


def test_the_fingerprint_is_what_openssl_computes(export: AuditExport, folder: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", "key.pem", "-outform", "DER"], cwd=folder, capture_output=True, timeout=60
    ).stdout
    assert hashlib.sha256(der).hexdigest() == export.manifest["key"]["fingerprint"]


def test_the_command_says_that_an_archive_is_sound(export: AuditExport, command_line: Command) -> None:
    done = command_line("verify_export", storages["exports"].path(export.path))
    said = export.manifest
    assert done.code == 0
    assert done.out == (
        f"Sound: 4 movements of {said['account']}, 2026-03-15 to 2026-03-15, from 0.000000 to {said['closing']} USD.\n"
        f"Signed by {said['key']['fingerprint']}.\n"
    )


def test_the_command_refuses_a_changed_byte(folder: Path, command_line: Command) -> None:
    path = folder / "movements.csv"
    path.write_bytes(path.read_bytes().replace(b"desk", b"disk", 1))
    done = command_line("verify_export", str(folder), "--key", str(folder / "key.pem"))
    assert done.code == 1
    assert done.err.startswith("movements.csv: not the file that was signed; its SHA-256 is ")
    assert done.err.endswith(f"{folder}: refused.\n")


def test_the_command_trusts_no_other_key(folder: Path, tmp_path: Path, command_line: Command) -> None:
    rotate()
    other = tmp_path / "other.pem"
    other.write_text(current_signer().key.public_key)
    done = command_line("verify_export", str(folder), "--key", str(other))
    assert done.code == 1
    assert done.err.splitlines()[0] == "manifest.json: not signed by a key that is trusted."


def test_what_a_retired_key_signed_still_verifies(folder: Path, export: AuditExport, command_line: Command) -> None:
    before = export.manifest["key"]["fingerprint"]
    done = command_line("rotate_signing_key")
    new = done.out.split()[0]
    assert new != before
    assert command_line("verify_export", str(folder)).code == 0
    with time_machine.travel(NOON):
        second = made(export.wallet.account)
    assert second.manifest["key"]["fingerprint"] == new


@pytest.mark.parametrize("path", ["nothing.zip", "text.txt"])
def test_the_command_needs_an_export(path: str, tmp_path: Path, export: AuditExport, command_line: Command) -> None:
    (tmp_path / "text.txt").write_text("no archive")
    done = command_line("verify_export", str(tmp_path / path))
    assert done.code == 2
    assert "is neither a folder nor an archive of an export" in done.err


def test_a_name_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, export: AuditExport, command_line: Command
) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../evil.txt", "x")
    assert command_line("verify_export", str(tmp_path / "evil.zip")).code == 2
    assert not (tmp_path.parent / "evil.txt").exists()


# Whoever has the key can sign anything: these are signed anew after the change, and still refused.
FORGERIES = {
    "a row left out": ("movements.csv", lambda lines: lines[:3] + lines[4:], "movement 3: follows 1"),
    "an amount": (
        "movements.csv",
        lambda lines: [line.replace(",10.000000,10.000000,", ",11.000000,11.000000,") for line in lines],
        "movement 1: the hash does not compute from the one before and the row",
    ),
    "a description": (
        "movements.csv",
        lambda lines: [line.replace("Test credit", "Gift credit") for line in lines],
        "movement 1: the hash does not compute from the one before and the row",
    ),
    "a charge's line": (
        "usage.csv",
        lambda lines: [line.replace(",0.900000,", ",0.800000,") for line in lines],
        "usage.csv: its lines come to",
    ),
    "the end": ("movements.csv", lambda lines: [*lines[:-2], lines[-1]], "the closing row is not where the movements"),
    "no opening": ("movements.csv", lambda lines: [lines[0], *lines[2:]], "it has not one opening and one closing row"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_does_not_follow_from_the_ledger_is_refused_though_it_is_signed(folder: Path, name: str) -> None:
    file, change, fault = FORGERIES[name]
    lines = (folder / file).read_bytes().decode().splitlines(keepends=True)
    changed = change(lines)
    assert changed != lines
    (folder / file).write_bytes("".join(changed).encode())
    _sign_anew(folder)
    faults = verify(folder, trusted()).faults
    assert faults and any(fault in each for each in faults), faults


@pytest.mark.parametrize(
    ("forge", "fault"),
    [
        (lambda folder: (folder / "usage.csv").unlink(), "usage.csv: missing."),
        (lambda folder: (folder / "more.csv").write_text("x"), "more.csv: no part of the export."),
        (
            lambda folder: shutil.copy(folder / "documents.csv.sig", folder / "usage.csv.sig"),
            "usage.csv.sig: not the signature of this file.",
        ),
        (lambda folder: (folder / "manifest.json.sig").unlink(), "manifest.json: not signed by a key that is trusted."),
    ],
)
def test_files_that_are_not_those_of_the_manifest_are_refused(
    folder: Path, forge: Callable[[Path], object], fault: str
) -> None:
    forge(folder)
    assert verify(folder, trusted()).faults == [fault]


def test_a_key_of_another_kind_is_refused(folder: Path) -> None:
    stranger = Ed25519PrivateKey.generate().public_key()
    assert verify(folder, [stranger]).faults == ["manifest.json: not signed by a key that is trusted."]


def _sign_anew(folder: Path) -> None:
    """What somebody would do who has the key and wants to hand out something else."""
    signer = current_signer()
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        content = (folder / file["name"]).read_bytes()
        file.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
        (folder / f"{file['name']}.sig").write_bytes(signer.sign(content))
    text = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.json.sig").write_bytes(signer.sign(text))

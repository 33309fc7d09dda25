"""The archive that is handed out: the files, a detached signature for each, the public key, and how to verify them."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billing.services.exports.addresses import key_url, keys_url
from billing.services.exports.signing import Signer

MANIFEST = "manifest.json"
GUIDE = "VERIFY.txt"
KEY = "key.pem"
SIGNATURE = ".sig"
CHUNK = 1 << 20

GUIDE_TEXT = """\
Usage and charges of {account} ({product}), {first_day} to {last_day}, {timezone}
Export {export}, made at {made_at}

What is in it

  movements.csv   the opening balance, every movement of the balance, the closing balance
  usage.csv       every line of every charge, with the number of its movement
  simulated.csv   what the sandbox simulated, where there is one: it moved no money
  documents.csv   the documents of the period, each with the movements that it names
  manifest.json   SHA-256 and rows of each file, balances, sums, the ends of the ledger's hash chain
  *.sig           detached Ed25519 signatures, one for each file
  key.pem         the public key; compare it with the published one, do not trust it for lying here

Text that a spreadsheet would take for a formula has an apostrophe in front. Amounts are in {currency}.

How to verify it, with OpenSSL 3

  1. Take the public key from {key_url}
     Its fingerprint is {fingerprint}
     and is listed at {keys_url}:
       openssl pkey -pubin -in key.pem -outform DER | openssl dgst -sha256
  2. Verify the signatures, each file like this one:
       openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in movements.csv -sigfile movements.csv.sig
  3. Compare the hashes with those in manifest.json:
       openssl dgst -sha256 movements.csv usage.csv documents.csv

The program that made this export checks all of it at once, the sums and the hash chain with it:
  manage.py verify_export <this archive, or the folder it was unpacked to> --key key.pem
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """The finished archive and what its manifest says."""

    path: Path
    manifest: dict[str, Any]


def seal(manifest: dict[str, Any], signer: Signer, folder: Path, beat: Callable[[int], None]) -> Archive:
    """Sign the folder's files and put everything into one archive beside them; `beat` is called while it is made."""
    names = [file["name"] for file in manifest["files"]]
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    (folder / KEY).write_text(signer.key.public_key)
    words = {**manifest, "fingerprint": signer.key.fingerprint, "key_url": key_url(signer.key), "keys_url": keys_url()}
    (folder / GUIDE).write_text(GUIDE_TEXT.format(**words))
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (GUIDE, MANIFEST, *names):
            _add(archive, folder / name, beat)
            if name != GUIDE:
                archive.writestr(f"{name}{SIGNATURE}", signer.sign_file(folder / name))
        _add(archive, folder / KEY, beat)
    return Archive(path, manifest)


def _add(archive: zipfile.ZipFile, path: Path, beat: Callable[[int], None]) -> None:
    with path.open("rb") as source, archive.open(path.name, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            beat(0)


def unpack(path: Path, folder: Path) -> None:
    """Take the archive's files out into the folder. Raises zipfile.BadZipFile, ValueError for names that lead away."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if Path(name).name != name:
                raise ValueError(f"{name!r} is no name of a file in an export.")
            with archive.open(name) as source, (folder / name).open("wb") as target:
                shutil.copyfileobj(source, target, CHUNK)

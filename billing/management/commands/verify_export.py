"""`manage.py verify_export <archive or folder> [--key PEM …]`: is an export what was signed?"""

from __future__ import annotations

import tempfile
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management.base import CommandError

from billing.services.exports.archive import unpack
from billing.services.exports.signing import load_public_key, public_keys
from billing.services.exports.verify import verify
from organizations.management.operator import OperatorCommand, mistake


class Command(OperatorCommand):
    """Says what is wrong, a line each, with exit code 1; 2 where there is nothing to verify, or no key."""

    help = "Verifies an export: signatures, hashes, sums and the hash chain."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, and whom to trust."""
        parser.add_argument("export", type=Path, help="The archive, or the folder it was unpacked to.")
        parser.add_argument(
            "--key", type=Path, action="append", help="A public key in PEM that is trusted. Default: this site's own."
        )

    def handle(self, *, export: Path, key: list[Path] | None, **options: Any) -> None:
        """Verify and print."""
        keys = [_read(path) for path in key] if key else _own()
        with tempfile.TemporaryDirectory(prefix="verify-") as folder:
            if not export.is_dir():
                _unpack(export, Path(folder))
            report = verify(export if export.is_dir() else Path(folder), keys)
        if report.faults:
            for fault in report.faults:
                self.stderr.write(fault)
            raise CommandError(f"{export}: refused.", returncode=1)
        said = report.manifest
        self.stdout.write(
            f"Sound: {said['movements']} movements of {said['account']}, {said['first_day']} to {said['last_day']}, "
            f"from {said['opening']} to {said['closing']} {said['currency']}.\nSigned by {report.fingerprint}."
        )


def _read(path: Path) -> Ed25519PublicKey:
    try:
        return load_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise mistake(f"key: {path} is no Ed25519 public key in PEM: {error}") from None


def _own() -> list[Ed25519PublicKey]:
    keys = [load_public_key(key.public_key.encode()) for key in public_keys()]
    if not keys:
        raise mistake("key: this site has signed nothing yet; name the key that is trusted.")
    return keys


def _unpack(path: Path, folder: Path) -> None:
    try:
        unpack(path, folder)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise mistake(f"export: {path} is neither a folder nor an archive of an export: {error}") from None

"""Ed25519 keys and what is signed with them: detached signatures that `openssl pkeyutl -verify -rawin` checks.

There is one current key, made when something is first to be signed. Its private half lies in the database, encrypted
with SIGNING_PASSPHRASE, so that every worker signs with the same key and a copy of the database signs nothing. Rotating
removes it for good; public halves stay published, as what they signed stays to be verified.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.models import SigningKey

_PUBLIC = serialization.PublicFormat.SubjectPublicKeyInfo


class KeyUnusableError(Exception):
    """The current key cannot be opened: SIGNING_PASSPHRASE is another one than it was encrypted with."""


class Signer:
    """The current key, opened. Raises KeyUnusableError."""

    def __init__(self, key: SigningKey) -> None:
        self.key = key
        try:
            private = serialization.load_pem_private_key(key.private_key.encode(), _passphrase())
        except ValueError as error:
            raise KeyUnusableError(
                f"SIGNING_PASSPHRASE does not open the key {key.short}: set the one it was made with, or make a new "
                "key with manage.py rotate_signing_key."
            ) from error
        assert isinstance(private, Ed25519PrivateKey)
        self._private = private

    def sign(self, content: bytes) -> bytes:
        """The signature of the content: 64 bytes."""
        return self._private.sign(content)

    def sign_file(self, path: Path) -> bytes:
        """The same of a file of any length, which is mapped and never read into memory as a whole."""
        with _mapped(path) as content:
            return self._private.sign(content)


def current_signer() -> Signer:
    """The key that signs now; the first one is made when it is first needed. Raises KeyUnusableError."""
    key = SigningKey.objects.filter(retired_at__isnull=True).first()
    return Signer(key or _first_key())


def rotate() -> SigningKey:
    """Make a new key the current one; the private half of the one before is removed."""
    with transaction.atomic():
        now = timezone.now()
        current = SigningKey.objects.select_for_update().filter(retired_at__isnull=True)
        current.update(retired_at=now, private_key="")
        return _new_key()


def public_keys() -> list[SigningKey]:
    """Every key that ever signed, the current one first."""
    return list(SigningKey.objects.order_by("-id"))


def load_public_key(pem: bytes) -> Ed25519PublicKey:
    """The Ed25519 key of a PEM file. Raises ValueError for anything else."""
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("This is no Ed25519 key.")
    return key


def fingerprint_of(key: Ed25519PublicKey) -> str:
    """SHA-256 of the key in DER, as `openssl pkey -pubin -outform DER | sha256sum` prints it."""
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, _PUBLIC)).hexdigest()


def is_signed_by(key: Ed25519PublicKey, *, path: Path, signature: bytes) -> bool:
    """Whether the signature is the key's over the file."""
    if path.stat().st_size == 0:
        return False
    with _mapped(path) as content:
        try:
            key.verify(signature, content)
        except InvalidSignature:
            return False
    return True


@contextmanager
def _mapped(path: Path) -> Generator[memoryview]:
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as content,
    ):
        yield content


def _first_key() -> SigningKey:
    try:
        with transaction.atomic():
            return _new_key()
    except IntegrityError:  # another process was first
        return SigningKey.objects.get(retired_at__isnull=True)


def _new_key() -> SigningKey:
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    encrypted = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_passphrase()),
    )
    return SigningKey.objects.create(
        fingerprint=fingerprint_of(public),
        public_key=public.public_bytes(serialization.Encoding.PEM, _PUBLIC).decode(),
        private_key=encrypted.decode(),
        valid_from=timezone.now(),
    )


def _passphrase() -> bytes:
    return str(settings.SIGNING_PASSPHRASE).encode()

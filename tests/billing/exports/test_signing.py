"""Keys: one signs, all verify, and a copy of the database signs nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from billing.models import SigningKey
from billing.services.exports.signing import KeyUnusableError, current_signer, load_public_key, rotate
from tests.billing.threads import at_once


@pytest.mark.django_db(transaction=True)
def test_processes_that_need_the_first_key_at_once_make_one() -> None:
    signers = at_once([current_signer] * 4)
    assert len({signer.key.pk for signer in signers if not isinstance(signer, Exception)}) == 1
    assert SigningKey.objects.count() == 1


@pytest.mark.django_db
def test_rotating_retires_the_key_and_removes_its_private_half() -> None:
    old = current_signer()
    signature = old.sign(b"text")
    new = rotate()
    old.key.refresh_from_db()
    assert (old.key.private_key, current_signer().key) == ("", new)
    assert old.key.retired_at is not None
    load_public_key(old.key.public_key.encode()).verify(signature, b"text")


@pytest.mark.django_db
def test_the_private_key_is_encrypted(settings: Settings) -> None:
    key = current_signer().key
    assert key.private_key.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    settings.SIGNING_PASSPHRASE = "another passphrase that somebody has set by mistake"
    with pytest.raises(KeyUnusableError, match=f"SIGNING_PASSPHRASE does not open the key {key.short}"):
        current_signer()
    assert rotate().pk != key.pk
    assert current_signer().sign(b"text")


def test_a_key_of_another_kind_is_none() -> None:
    other = X25519PrivateKey.generate().public_key()
    pem = other.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match="This is no Ed25519 key"):
        load_public_key(pem)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"public_key": "other"},
        {"fingerprint": "f" * 64},
        {"valid_from": timezone.now() - timedelta(days=400)},
        {"retired_at": timezone.now() + timedelta(days=400)},
    ],
)
def test_what_was_published_of_a_retired_key_stays(change: dict[str, object]) -> None:
    current_signer()
    rotate()
    with pytest.raises(DatabaseError, match="what was signed is verified with the key as it was"), transaction.atomic():
        SigningKey.objects.filter(retired_at__isnull=False).update(**change)
    with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
        SigningKey.objects.all().delete()


@pytest.mark.django_db
def test_two_keys_cannot_be_current() -> None:
    current_signer()
    with pytest.raises(IntegrityError, match="signing_key_one_current"), transaction.atomic():
        SigningKey.objects.create(fingerprint="f" * 64, public_key="x", valid_from=timezone.now())

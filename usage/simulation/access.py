"""What a simulation needs to begin: accounts to call for, a key that dies with the run, and balances to compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import httpx
from django.core.exceptions import ValidationError
from django.utils import timezone

from organizations.models import Account, Product, Scope, Service
from organizations.services.keys import issue_key
from usage.services.products.files import product_slugs, read_product

SCOPES = (Scope.AUTHORIZE, Scope.USAGE, Scope.READ)
KEY_LIFE_BEYOND = timedelta(hours=1)


class ServerUnreachable(Exception):  # noqa: N818 - a state of the world
    """The server did not answer, or not as this API does; says how in one line."""


def find_accounts(product: Product, external_id: str | None) -> list[Account]:
    """The named account, or the product's demo accounts. Raises ValidationError where there is none to call for."""
    accounts = Account.objects.filter(product=product, projects__isnull=False).distinct().order_by("id")
    accounts = accounts.select_related("product__terms").prefetch_related("projects")
    if external_id is not None:
        found = list(accounts.filter(external_id=external_id))
        if not found:
            raise ValidationError({"account": f"{product.slug} has no account {external_id!r} with a project."})
        return found
    demo = read_product(product.slug).demo_accounts if product.slug in product_slugs() else ()
    found = list(accounts.filter(external_id__in=[account.external_id for account in demo]))
    if not found:
        message = f"{product.slug} has no demo accounts here. Run load_products --demo, or name one with --account."
        raise ValidationError({"account": message})
    return found


@contextmanager
def temporary_key(product: Product, duration_seconds: float) -> Iterator[str]:
    """A key of the product's first service, revoked at the end, and by its expiry if the end never comes.

    Raises ValidationError for a product without an active service.
    """
    service = Service.objects.filter(product=product, is_active=True).order_by("id").first()
    if service is None:
        raise ValidationError({"product": f"{product.slug} has no active service."})
    key, raw = issue_key(
        service=service,
        scopes=[scope.value for scope in SCOPES],
        name="simulate_calls",
        expires_at=timezone.now() + timedelta(seconds=duration_seconds) + KEY_LIFE_BEYOND,
    )
    try:
        yield raw
    finally:
        key.revoked = True
        key.save(update_fields=["revoked"])


def read_balances(client: httpx.Client, accounts: Sequence[Account]) -> dict[str, Decimal]:
    """Each account's money by its identifier, holds not deducted. Raises ServerUnreachable."""
    found = {}
    for account in accounts:
        try:
            response = client.get(f"accounts/{quote(account.external_id, safe='')}/balance")
        except httpx.TransportError as error:
            raise ServerUnreachable(f"{client.base_url} does not answer: {error or type(error).__name__}.") from None
        try:
            if not response.is_success:
                words = response.json()["detail"]
                raise ServerUnreachable(f"{client.base_url} refuses {account.external_id!r}: {words}")
            body = response.json()
            found[account.external_id] = sum((Decimal(body[part]) for part in PARTS), Decimal(0))
        except (ValueError, KeyError, TypeError):
            message = f"{client.base_url} answers {response.status_code}, and not as the billing API does."
            raise ServerUnreachable(message) from None
    return found


PARTS = ("paid", "promo", "allotment")


def release(client: httpx.Client, call_ids: Sequence[str]) -> None:
    """Let go of calls that were cut short by the end of the run, so that they hold no money."""
    for call_id in call_ids:
        try:
            client.post("calls/release", json={"call_id": call_id})
        except httpx.TransportError:
            return  # their holds expire by themselves

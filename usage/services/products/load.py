"""Writing products from their files. Loading again changes nothing; a changed file changes what may be changed.

Product and terms follow the file. Prices never change in place: another rate card in the file becomes a new published
version from the file's `starts_at` on, and a file that changes prices without a later start is refused.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from billing.models import ProductTerms
from organizations.models import Product, Service
from usage.models import FreeRule, Rate, RateCard, RateCardVersion
from usage.rating.types import CardVersion
from usage.selectors.cards import card_versions
from usage.services.products.card_table import free_rule_row, rate_row, version_fields
from usage.services.products.files import ProductFile
from usage.services.products.load_issuer import load_issuer
from usage.services.products.load_money import load_money
from usage.services.products.tables import ProductFileError
from usage.services.rate_cards import publish_version


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading one file did: `change` is created, updated or unchanged."""

    product: Product
    change: str
    version: RateCardVersion


@transaction.atomic
def load_product(*, file: ProductFile) -> Loaded:
    """Write the file's product, terms, services and rate card: all of it or nothing.

    Raises ProductFileError for what contradicts the database: a currency that would change under existing accounts, a
    service of another product, prices changed without a later start.
    """
    product, created = Product.objects.get_or_create(slug=file.product.slug, defaults=asdict(file.product))
    changed = False
    if not created:
        product = Product.objects.select_for_update(no_key=True).get(pk=product.pk)
        if product.currency != file.product.currency and product.accounts.exists():
            raise ProductFileError(file.name, "[product], currency", "cannot change: the product has accounts.")
        changed = _follow(product, asdict(file.product))
    changed |= _load_terms(product, file)
    changed |= load_money(product=product, money=file.money, follow=_follow)
    changed |= load_issuer(product=product, issuer=file.issuer, file=file.name, follow=_follow)
    changed |= _load_services(product, file)
    card, _ = RateCard.objects.get_or_create(product=product, account=None, defaults={"name": file.card.card_name})
    changed |= _follow(card, {"examples": file.card_examples})
    version, published = _load_card(card, file)
    changed |= published
    product.refresh_from_db()
    return Loaded(product, "created" if created else "updated" if changed else "unchanged", version)


def _follow(row: models.Model, values: dict[str, Any]) -> bool:
    """Save the values that differ; whether any did."""
    differing = [name for name, value in values.items() if _amount(getattr(row, name)) != value]
    for name in differing:
        setattr(row, name, values[name])
    if differing:
        row.full_clean(exclude=["rates_revision"], validate_unique=False)
        row.save(update_fields=differing)
    return bool(differing)


def _amount(value: Any) -> Any:
    """The number of a Money: the currency beside it is the row's own."""
    return getattr(value, "amount", value)


def _load_terms(product: Product, file: ProductFile) -> bool:
    values = asdict(file.terms) | {"currency": product.currency}
    terms, created = ProductTerms.objects.get_or_create(product=product, defaults=values)
    return created or _follow(terms, values)


def _load_services(product: Product, file: ProductFile) -> bool:
    changed = False
    for slug, name in file.services:
        service, created = Service.objects.get_or_create(slug=slug, defaults={"product": product, "name": name})
        if service.product_id != product.pk:
            raise ProductFileError(file.name, "[[services]]", f"{slug} is a service of another product.")
        changed |= created or _follow(service, {"name": name})
    return changed


def _load_card(card: RateCard, file: ProductFile) -> tuple[RateCardVersion, bool]:
    """The version that holds the file's prices, and whether it had to be published."""
    rows = list(
        RateCardVersion.objects.filter(card=card, status=RateCardVersion.Status.PUBLISHED)
        .select_related("card")
        .order_by("-starts_at")
    )
    for row, version in zip(rows, card_versions(rows), strict=True):
        if row.starts_at == file.card.starts_at:
            if not _same(version, file.card):
                rule = f"must be later: other prices are published from this moment on (version {row.number})."
                raise ProductFileError(file.name, "[rate_card], starts_at", rule)
            return row, False
    if rows and _same(card_versions(rows[:1])[0], file.card):
        return rows[0], False
    return _publish(card, file), True


def _same(one: CardVersion, other: CardVersion) -> bool:
    """Whether both price everything alike; when they start and what they are called does not count."""
    apart = {"id", "number", "card_name", "starts_at", "prices"}
    return all(
        getattr(one, field.name) == getattr(other, field.name)
        for field in fields(CardVersion)
        if field.name not in apart
    )


def _publish(card: RateCard, file: ProductFile) -> RateCardVersion:
    last = RateCardVersion.objects.filter(card=card).aggregate(last=models.Max("number"))["last"] or 0
    version = RateCardVersion.objects.create(
        card=card, number=last + 1, note=file.card_note, **version_fields(file.card)
    )
    Rate.objects.bulk_create([rate_row(rate, version) for rate in file.card.rates])
    FreeRule.objects.bulk_create([free_rule_row(rule, version) for rule in file.card.free_rules])
    try:
        return publish_version(version=version)
    except ValidationError as error:
        raise ProductFileError(file.name, "[rate_card]", error.messages[0]) from None

"""The five products, loaded from their files once per process and brought back by COPY for every test that asks."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command
from django.db import connection

from billing.models import ApprovalLimit, CreditPack, ExchangeRate, Issuer, Plan, ProductTerms, TaxRate, TopUpTerms
from organizations.database import raw_connection
from organizations.models import Product, Service
from usage.models import FreeRule, Rate, RateCard, RateCardVersion

MODELS = (
    Product,
    Service,
    Issuer,
    ProductTerms,
    ApprovalLimit,
    TopUpTerms,
    CreditPack,
    Plan,
    TaxRate,
    ExchangeRate,
    RateCard,
    RateCardVersion,
    Rate,
    FreeRule,
)

_kept: dict[str, bytes] = {}


def load() -> dict[str, Product]:
    """The products by slug, present in the database of the running test."""
    if not Product.objects.exists():
        if _kept:
            _restore()
        else:
            call_command("load_products", verbosity=0, stdout=StringIO())
            _keep()
    return {product.slug: product for product in Product.objects.all()}


def _keep() -> None:
    for model in MODELS:
        with raw_connection().cursor().copy(f"COPY {model._meta.db_table} TO STDOUT") as rows:
            _kept[model._meta.db_table] = b"".join(bytes(row) for row in rows)


def _restore() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # published prices take no new rows
        for table, rows in _kept.items():
            with raw_connection().cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)
        cursor.execute("SET session_replication_role = origin")

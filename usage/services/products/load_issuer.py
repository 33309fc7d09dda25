"""Writing in whose name a product's documents are."""

from __future__ import annotations

from dataclasses import asdict

from billing.models import Issuer, ProductTerms
from organizations.models import Product
from usage.services.products.issuer_table import IssuerSpec
from usage.services.products.load_money import Follow
from usage.services.products.tables import ProductFileError


def load_issuer(*, product: Product, issuer: IssuerSpec | str | None, file: str, follow: Follow) -> bool:
    """Bring the product's issuer to what its file says; whether anything changed. None leaves it to staff.

    Raises ProductFileError for an issuer of another file that has not been loaded.
    """
    if issuer is None:
        return False
    changed = False
    if isinstance(issuer, str):
        row = Issuer.objects.filter(slug=issuer).first()
        if row is None:
            rule = f"{issuer} is not there yet: load the product first whose file describes it."
            raise ProductFileError(file, "[issuer], slug", rule)
    else:
        values = asdict(issuer)
        row, changed = Issuer.objects.get_or_create(slug=values.pop("slug"), defaults=values)
        changed = changed or follow(row, values)
    return follow(ProductTerms.objects.get(product=product), {"issuer": row}) or changed

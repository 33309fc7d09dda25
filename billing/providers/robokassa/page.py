"""The address of the page on which a customer pays: everything is in it, signed; Robokassa is not asked beforehand."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

from billing.providers.base import ChargeRequest, ProviderError
from billing.providers.robokassa import signatures
from billing.providers.robokassa.shop import Shop

DESCRIPTION_LENGTH_MAX = 100
ORDER_MAX = 2**63 - 1
TOP_UP = "Shp_top_up"
"""The shop's own parameter that carries a top-up's UUID through the payment and back."""


def out_sum(amount: Decimal) -> str:
    """Roubles as they are signed, `1500.00`. Raises ProviderError for fractions of a kopeck or nothing to pay."""
    exact = amount.quantize(Decimal("0.01"))
    if exact != amount or exact <= 0:
        raise ProviderError(f"Robokassa cannot take {amount} roubles.")
    return str(exact)


def address(shop: Shop, request: ChargeRequest) -> str:
    """The page for a top-up. Raises ProviderError when Robokassa could not take it."""
    if request.currency != "RUB":
        raise ProviderError(f"Robokassa takes roubles, not {request.currency}.")
    if not 0 < request.order <= ORDER_MAX:
        raise ProviderError(f"Robokassa cannot count order {request.order}.")
    shp = {TOP_UP: request.reference}
    invoice, total = str(request.order), out_sum(request.amount)
    signature = signatures.of_payment(
        login=shop.login,
        out_sum=total,
        invoice=invoice,
        password1=shop.password1,
        algorithm=shop.algorithm,
        shp=shp,
    )
    fields = {
        "MerchantLogin": shop.login,
        "OutSum": total,
        "InvId": invoice,
        "Description": request.description[:DESCRIPTION_LENGTH_MAX],
        "SignatureValue": signature,
        "Culture": "ru" if request.language.startswith("ru") else "en",
        "Encoding": "utf-8",
        **shp,
    }
    if request.payer.email:
        fields["Email"] = request.payer.email
    if request.expires_at:
        fields["ExpirationDate"] = request.expires_at.isoformat(timespec="seconds")
    if shop.is_test:
        fields["IsTest"] = "1"
    return f"{shop.base_url}/Merchant/Index.aspx?{urlencode(fields)}"

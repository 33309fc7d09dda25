"""Balance transactions: what each payment, refund and dispute did to our balance at Stripe, with Stripe's fee."""

from __future__ import annotations

from tests.fakes.stripe.errors import invalid
from tests.fakes.stripe.listing import list_shape, listed
from tests.fakes.stripe.parameters import text
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

ZERO_DECIMAL_CODES = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
ZERO_DECIMAL = frozenset(ZERO_DECIMAL_CODES.split())
# The smallest charge, in minor units, about 0.50 USD: where Stripe publishes one. Others are taken as they are.
SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "inr": 50, "jpy": 50, "chf": 50, "cad": 50, "aud": 50, "sek": 300}
FEE_PERCENT_TIMES_10 = 29
FEE_FIXED = 30
AVAILABLE_AFTER_SECONDS = 2 * 24 * 3600


def shown(amount: int, currency: str) -> str:
    """An amount in words of Stripe's messages: `$0.50 usd`."""
    sign = "$" if currency == "usd" else ""
    whole = f"{amount}" if currency in ZERO_DECIMAL else f"{amount // 100}.{amount % 100:02d}"
    return f"{sign}{whole} {currency}"


def check_amount(amount: int, currency: str) -> None:
    """Refuse what is too small to charge."""
    least = SMALLEST.get(currency, 1)
    if amount < least:
        raise invalid(f"Amount must be at least {shown(least, currency)}", param="amount", code="amount_too_small")


def post(call: Call, source: Object, *, type: str, amount: int, fee: int = 0, description: str | None = None) -> Object:
    """A movement of our balance; amounts in minor units, minus is away from us."""
    category = {"payment": "charge", "adjustment": "dispute"}.get(type, type)
    details = [{"amount": fee, "application": None, "currency": source["currency"], "description": "Stripe fees"}]
    transaction = call.new(
        "balance_transaction",
        "txn",
        amount=amount,
        available_on=call.now + AVAILABLE_AFTER_SECONDS,
        balance_type="payments",
        currency=source["currency"],
        description=description,
        exchange_rate=None,
        fee=fee,
        fee_details=[each | {"type": "stripe_fee"} for each in details] if fee else [],
        net=amount - fee,
        reporting_category=category,
        source=source["id"],
        status="pending",
        type=type,
    )
    return transaction


def fee_of(amount: int) -> int:
    """Stripe's fee on a charge, in minor units: 2.9% and 30."""
    return (amount * FEE_PERCENT_TIMES_10 + 500) // 1000 + FEE_FIXED


def retrieve(call: Call, id: str) -> Object:
    """One movement."""
    return call.get("balance_transaction", id)


def list_all(call: Call) -> Object:
    """The movements, by type, currency or source."""
    wanted = {name: call.params.get(name) for name in ("currency", "source", "type")}
    return listed(call, "balance_transaction", "/v1/balance_transactions", **wanted)


ROUTES = [
    Route("GET", "/v1/balance_transactions", list_all, list_shape(currency=text, source=text, type=text)),
    Route("GET", "/v1/balance_transactions/{id}", retrieve),
]

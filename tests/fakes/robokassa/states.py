"""`OpStateExt`: how an order stands, as the XML that Robokassa's service answers."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from tests.fakes.http import Response
from tests.fakes.robokassa.orders import METHODS, Orders
from tests.fakes.robokassa.store import PAID, Order

SPACE = "http://merchant.roboxchange.com/WebService/"
BAD_SIGNATURE, NO_SHOP, NO_ORDER = 1, 2, 3


def answer(orders: Orders, fields: dict[str, str]) -> Response:
    """Test payments are not known here, as at Robokassa."""
    shop, number = orders.shop, fields.get("InvoiceID", "")
    if fields.get("MerchantLogin") != shop.login:
        return _refused(NO_SHOP, "Shop not found")
    expected = shop.hashed(f"{shop.login}:{number}:{shop.password(2, is_test=False)}")
    if not hmac.compare_digest(expected, fields.get("Signature", "").upper()):
        return _refused(BAD_SIGNATURE, "Wrong signature")
    try:
        order = orders.get(int(number))
    except (KeyError, ValueError):
        return _refused(NO_ORDER, "Operation not found")
    return _refused(NO_ORDER, "Operation not found") if order.is_test else _xml(_found(order, orders.clock()))


def _refused(code: int, words: str) -> Response:
    return _xml(f"<Result><Code>{code}</Code><Description>{words}</Description></Result>")


def _found(order: Order, now: float) -> str:
    codes = {label: (code, words) for label, code, words in METHODS.values()}
    code, words = codes.get(order.method, ("", ""))
    info = ""
    if order.state == PAID or order.operation:
        info = (
            f'<Info xsi:type="OperationInfoExt"><IncCurrLabel>{order.method}</IncCurrLabel>'
            f"<IncSum>{order.amount:.6f}</IncSum><IncAccount>220220******1234</IncAccount><PaymentMethod><Code>{code}"
            f"</Code><Description>{escape(words)}</Description></PaymentMethod><OutCurrLabel>RUR</OutCurrLabel>"
            f"<OutSum>{order.amount:.6f}</OutSum><OpKey>{order.operation}</OpKey></Info>"
        )
    fields = "".join(
        f"<Field><Name>{escape(name)}</Name><Value>{escape(value)}</Value></Field>" for name, value in order.shp.items()
    )
    return (
        f"<Result><Code>0</Code></Result><State><Code>{order.state}</Code><RequestDate>{_moment(now)}</RequestDate>"
        f"<StateDate>{_moment(order.changed)}</StateDate></State>{info}<UserField>{fields}</UserField>"
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _xml(content: str) -> Response:
    whole = (
        '<?xml version="1.0" encoding="utf-8"?><OperationStateResponse xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="{SPACE}">{content}</OperationStateResponse>'
    )
    return Response(200, {"Content-Type": "text/xml; charset=utf-8"}, whole.encode())

"""Looking an order up at Robokassa: `OpStateExt`, an XML answer with the order's state, sum and operation key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import httpx
from django.utils.dateparse import parse_datetime

from billing.providers.base import ProviderUnavailableError
from billing.providers.robokassa import signatures
from billing.providers.robokassa.page import TOP_UP
from billing.providers.robokassa.shop import Shop

MOSCOW = ZoneInfo("Europe/Moscow")
TIMEOUT = httpx.Timeout(15.0, connect=3.0)
FOUND, NOT_FOUND = 0, 3
NEW, CANCELLED, HELD, RECEIVED, RETURNED, SUSPENDED, PAID = 5, 10, 20, 50, 60, 80, 100


@dataclass(frozen=True, slots=True)
class Order:
    """An order as Robokassa has it. `amount` is what the shop asked for, in roubles."""

    state: int
    changed_at: datetime | None = None
    amount: Decimal | None = None
    operation: str = ""
    method: str = ""
    account: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def top_up(self) -> str:
        """The UUID that the order carries, empty if it carries none."""
        return self.fields.get(TOP_UP, "")


def look_up(shop: Shop, invoice: str) -> Order | None:
    """The order with this number, or None if nobody has opened its page. Raises ProviderUnavailableError."""
    signature = signatures.of_state(
        login=shop.login, invoice=invoice, password2=shop.password2, algorithm=shop.algorithm
    )
    query = {"MerchantLogin": shop.login, "InvoiceID": invoice, "Signature": signature}
    try:
        answer = httpx.get(
            f"{shop.base_url}/Merchant/WebService/Service.asmx/OpStateExt", params=query, timeout=TIMEOUT
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise ProviderUnavailableError(f"Robokassa did not say how order {invoice} stands: {error}") from error
    return parse(answer.content)


def parse(content: bytes) -> Order | None:
    """An `OperationStateResponse`. Raises ProviderUnavailableError for one that answers nothing."""
    try:
        root = ElementTree.fromstring(content)
        code = int(_text(root, "Result/Code"))
        if code == NOT_FOUND:
            return None
        if code != FOUND:
            raise ProviderUnavailableError(f"Robokassa refused a look-up: {code} {_text(root, 'Result/Description')}")
        total = _text(root, "Info/OutSum")
        return Order(
            state=int(_text(root, "State/Code")),
            changed_at=_moment(_text(root, "State/StateDate")),
            amount=Decimal(total) if total else None,
            operation=_text(root, "Info/OpKey"),
            method=_text(root, "Info/PaymentMethod/Code"),
            account=_text(root, "Info/IncAccount"),
            fields={_text(each, "Name"): _text(each, "Value") for each in root.iterfind(".//{*}UserField/{*}Field")},
        )
    except (ElementTree.ParseError, ValueError, InvalidOperation) as error:
        raise ProviderUnavailableError("Robokassa's answer to a look-up makes no sense.") from error


def _moment(text: str) -> datetime | None:
    """A moment of Robokassa's, by Moscow's clock where it does not say by which; None for anything else."""
    found = parse_datetime(text)
    return found.replace(tzinfo=MOSCOW) if found is not None and found.tzinfo is None else found


def _text(node: ElementTree.Element, path: str) -> str:
    """The text at a path, in whatever namespace; empty when it is not there."""
    found = node.find("/".join(f"{{*}}{step}" for step in path.split("/")))
    return (found.text or "").strip() if found is not None else ""

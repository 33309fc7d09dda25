"""An order's way: its page is opened with a signed address, then it is paid, refused, cancelled, or left."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from tests.fakes.robokassa.shop import Shop, with_shp
from tests.fakes.robokassa.store import CANCELLED, NEW, PAID, Order, Store

METHODS = {"card": ("BankCardPSBR", "BankCard", "MIR card"), "sbp": ("SBPPSR", "SBP", "SBP (fast payments)")}
KNOWN_BY_NAME = "MerchantLogin OutSum InvId Description SignatureValue Culture Encoding Email IsTest ExpirationDate"
KNOWN = frozenset(KNOWN_BY_NAME.split())
DESCRIPTION_LENGTH_MAX = 100


class PageError(Exception):
    """What is wrong with a payment page's address, with Robokassa's number for it."""

    def __init__(self, number: int, words: str) -> None:
        super().__init__(f"Error {number}. {words}")


@dataclass
class Orders:
    """The orders of one shop."""

    store: Store
    shop: Shop
    clock: Callable[[], float]

    def opened(self, pairs: list[tuple[str, str]]) -> Order:
        """The order of a payment page's address: a new one, or the same one again. Raises PageError."""
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise PageError(30, "A parameter is given twice.")
        shp = {name: value for name, value in fields.items() if name.startswith("Shp_")}
        unknown = set(fields) - KNOWN - set(shp)
        if unknown:
            raise PageError(30, f"Unknown parameter: {', '.join(sorted(unknown))}.")
        if fields.get("MerchantLogin") != self.shop.login:
            raise PageError(26, "There is no such shop.")
        total, number, is_test = fields.get("OutSum", ""), fields.get("InvId", ""), fields.get("IsTest", "0") == "1"
        if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", total) or not Decimal(total):
            raise PageError(31, "The sum is missing or wrong.")
        if not re.fullmatch(r"[1-9][0-9]{0,18}", number) or int(number) > 2**63 - 1:
            raise PageError(33, "The order's number is wrong.")
        if len(fields.get("Description", "")) > DESCRIPTION_LENGTH_MAX:
            raise PageError(32, f"The description has more than {DESCRIPTION_LENGTH_MAX} characters.")
        signed = with_shp(f"{self.shop.login}:{total}:{number}:{self.shop.password(1, is_test=is_test)}", shp)
        if not hmac.compare_digest(self.shop.hashed(signed), fields.get("SignatureValue", "").upper()):
            raise PageError(29, "The signature is wrong.")
        with self.store.transaction():
            return self._kept(int(number), total, shp, fields, is_test=is_test)

    def _kept(self, number: int, total: str, shp: dict[str, str], fields: dict[str, str], *, is_test: bool) -> Order:
        now, found = self.clock(), self.store.order(number)
        expires = _moment(fields.get("ExpirationDate"))
        if found and found.state == PAID:
            raise PageError(40, "An order with this number has been paid.")
        if found and (found.amount, found.shp, found.is_test) != (Decimal(total), shp, is_test):
            raise PageError(40, "An order with this number was made with another sum.")
        if expires is not None and expires <= now:
            raise PageError(41, "The time to pay this order is over.")
        order = found or Order(
            number=number,
            token=secrets.token_urlsafe(16),
            out_sum=total,
            shp=shp,
            description=fields.get("Description", ""),
            is_test=is_test,
            created=now,
            changed=now,
            email=fields.get("Email", ""),
            culture=fields.get("Culture", "ru"),
            expires=expires,
        )
        if order.state == CANCELLED:  # the payer tries again
            order.state = NEW
        self.store.keep_order(order)
        return order

    def get(self, number: int) -> Order:
        """One order; its time may have come. Raises KeyError."""
        order = self.store.order(number)
        if order is None:
            raise KeyError(number)
        if order.state == NEW and order.expires is not None and order.expires <= self.clock():
            return self.become(order, CANCELLED)
        return order

    def become(self, order: Order, state: int) -> Order:
        """Change the state, as of now."""
        order.state, order.changed = state, self.clock()
        with self.store.transaction():
            self.store.keep_order(order)
        return order

    def paid(self, number: int, method: str, *, copies: int) -> Order:
        """Take the money, once: the order, its movement and its notice are written together. Raises KeyError."""
        label = METHODS[method][0]
        with self.store.lock:
            order = self.get(number)
            if order.state != NEW:
                return order
            now = self.clock()
            order.state, order.changed, order.method = PAID, now, label
            order.operation = f"{secrets.token_hex(16).upper()}-{secrets.token_urlsafe(6)}"
            with self.store.transaction():
                self.store.keep_order(order)
                self.store.book("payment", order, order.amount, now)
                self.store.rows.execute("INSERT INTO notices (number, copies, due) VALUES (?, ?, 0)", (number, copies))
            return order

    def way_back(self, order: Order, url: str, *, signed: bool) -> str:
        """The address that the payer is sent to; SuccessURL is signed by password 1."""
        fields = {"OutSum": order.out_sum, "InvId": str(order.number), "Culture": order.culture}
        if signed:
            password = self.shop.password(1, is_test=order.is_test)
            text = with_shp(f"{order.out_sum}:{order.number}:{password}", order.shp)
            fields["SignatureValue"] = self.shop.hashed(text)
        return f"{url}{'&' if '?' in url else '?'}{urlencode(fields | order.shp)}"


def _moment(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise PageError(34, "The expiration date is wrong.") from None

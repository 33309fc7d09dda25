"""What Robokassa sends when a payment was made (ResultURL) or brings the customer back by (SuccessURL).

A notice that is signed rightly says which order to look up. Only in test mode, whose payments no look-up knows, is the
notice itself what is known about the payment: the event's identifier carries all that was signed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qsl

from billing.providers.base import BadNoticeError, Notice
from billing.providers.robokassa import signatures
from billing.providers.robokassa.page import TOP_UP
from billing.providers.robokassa.shop import Shop

BODY_BYTES_MAX = 16 * 1024
RESULT = "result"
TEST_RESULT = "result.test"


@dataclass(frozen=True, slots=True)
class Result:
    """A notice with a signature that has been checked. `out_sum` is as it was written."""

    invoice: str
    out_sum: str
    top_up: str
    signature: str
    is_test: bool

    @property
    def amount(self) -> Decimal:
        """The sum in roubles."""
        return Decimal(self.out_sum)


def parse(shop: Shop, body: bytes, *, password: str) -> Result:
    """Read and verify a form or a query. Raises BadNoticeError for anything that Robokassa would not send."""
    fields = _fields(body)
    invoice, total, signature = (fields.get(name, "") for name in ("InvId", "OutSum", "SignatureValue"))
    if not re.fullmatch(r"[1-9][0-9]{0,18}", invoice) or not re.fullmatch(r"[0-9]{1,14}(\.[0-9]{1,6})?", total):
        raise BadNoticeError("A notice without an order or a sum.")
    shp = {name: value for name, value in fields.items() if name.lower().startswith("shp_")}
    if set(shp) != {TOP_UP} or not re.fullmatch(r"[0-9a-f-]{36}", shp[TOP_UP]):
        raise BadNoticeError("A notice of an order that is none of ours.")
    expected = signatures.of_result(
        out_sum=total, invoice=invoice, password=password, algorithm=shop.algorithm, shp=shp
    )
    if not password or not signatures.agree(expected, signature):
        raise BadNoticeError("A notice with a wrong signature.")
    is_test = fields.get("IsTest", "") not in ("", "0")
    return Result(invoice=invoice, out_sum=total, top_up=shp[TOP_UP], signature=signature.lower(), is_test=is_test)


def _fields(body: bytes) -> dict[str, str]:
    if len(body) > BODY_BYTES_MAX:
        raise BadNoticeError("A notice longer than any of Robokassa's.")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise BadNoticeError("A notice that is no form.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadNoticeError("A notice that says the same thing twice.")
    return fields


def notice_of(result: Result) -> Notice:
    """Which order to look at. A notice that is repeated has the same identifier; another sum has another."""
    return Notice(
        provider="robokassa",
        event_id=f"{result.invoice}:{result.out_sum}:{result.top_up}:{result.signature}",
        kind=TEST_RESULT if result.is_test else RESULT,
        object_kind="order",
        object_id=result.invoice,
    )


def result_of(shop: Shop, notice: Notice) -> Result | None:
    """The test payment that a notice told of, its signature checked again; None when it is none of this shop's."""
    parts = notice.event_id.split(":")
    if notice.kind != TEST_RESULT or not shop.is_test or len(parts) != 4:
        return None
    invoice, total, top_up, signature = parts
    expected = signatures.of_result(
        out_sum=total, invoice=invoice, password=shop.password2, algorithm=shop.algorithm, shp={TOP_UP: top_up}
    )
    if not signatures.agree(expected, signature):
        return None
    return Result(invoice=invoice, out_sum=total, top_up=top_up, signature=signature, is_test=True)

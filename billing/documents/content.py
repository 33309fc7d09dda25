"""All that stands on one document: the snapshot that it is frozen with and its PDF is made of. Pure.

Nothing is looked up later: names, addresses, rates, rates of exchange and lines are copied in when it is issued, so
that the same content gives the same document for ever. Labels and sentences of the house are no part of it: the
renderer writes them in the document's language. Amounts are in `currency` and positive; a credit note's kind says that
they go back. `Decimal`s are kept as text in JSON, exactly as they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Party:
    """The issuer or the buyer. Empty text: not known, and left out."""

    name: str
    address: str = ""
    country: str = ""
    region: str = ""
    tax_id: str = ""
    tax_registration_code: str = ""
    registration_number: str = ""
    email: str = ""
    bank_name: str = ""
    bank_account: str = ""
    bank_code: str = ""
    correspondent_account: str = ""
    upi_id: str = ""
    signatory_name: str = ""
    signatory_position: str = ""
    accountant_name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What was sold: `amount` is net of tax. `unit_price` is per unit, `detail` a second line in small print."""

    description: str
    amount: Decimal
    quantity: Decimal = Decimal(1)
    unit: str = ""
    unit_price: Decimal | None = None
    detail: str = ""
    happened_on: date | None = None
    """Set where it is of another period than the document's: late usage keeps its date."""


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax over all lines: rounded once per rate."""

    name: str
    percent: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Settlement:
    """How it was paid, or what was taken off before the amount due."""

    label: str
    amount: Decimal
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Charged:
    """What the provider took, where that is another currency than the document's."""

    amount: Decimal
    currency: str
    rate: Decimal
    """What one unit of the document's currency cost in it, frozen with the top-up."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier document that this one corrects or belongs to."""

    label: str
    issued_on: date
    kind: str


@dataclass(frozen=True, slots=True)
class Content:
    """The whole document. `due` is what is still to be paid by it: zero for receipts, certificates, credit notes."""

    kind: str
    label: str
    language: str
    currency: str
    issued_on: date
    product: str
    issuer: Party
    buyer: Party
    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    due: Decimal = Decimal(0)
    due_on: date | None = None
    supplied_from: date | None = None
    supplied_until: date | None = None
    treatment: str = ""
    """The tax rule that holds, of `billing.tax.Treatment`: reverse charge and export have words of their own."""
    settlements: tuple[Settlement, ...] = ()
    charged: Charged | None = None
    payment_reference: str = ""
    """What the payer writes on a bank transfer, or the provider's own number of the payment."""
    pay_url: str = ""
    corrects: Reference | None = None
    reason: str = ""
    bank_details: str = ""
    """The product's lines for bank transfers, where the issuer's own bank fields are empty."""
    footer: str = ""


def to_json(content: Content) -> dict[str, Any]:
    """The content as plain JSON: decimals and dates as text."""
    plain: dict[str, Any] = _plain(asdict(content))
    return plain


def from_json(stored: dict[str, Any]) -> Content:
    """The content that `to_json` made. Raises KeyError or ValueError for anything else."""
    content: Content = _read(Content, stored)
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _read(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(kind) in (Union, UnionType):
        kind = next(each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], each) for each in value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        made: Any = kind
        return made(**{each.name: _read(hints[each.name], value[each.name]) for each in fields(kind)})
    if kind is Decimal:
        return Decimal(value)
    return date.fromisoformat(value) if kind is date else value

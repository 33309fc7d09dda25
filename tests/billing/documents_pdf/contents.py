"""Contents of documents as they come: one of each kind, for an issuer in each country that has customs of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from billing.documents.content import Content, Line, Party, Reference, Settlement, Tax
from billing.documents.pdf import render

AMERICAN = Party(
    name="Labs LLC",
    address="1603 Capitol Avenue, Suite 413A\nCheyenne, WY 82001",
    country="US",
    tax_id="88-1234567",
    bank_account="202512345678",
    bank_code="091311229",
)
GERMAN = Party(
    name="Stimmwerk GmbH",
    address="Torstraße 140\n10119 Berlin",
    country="DE",
    tax_id="DE136695976",
    registration_number="HRB 123456 B",
    bank_account="DE89 3704 0044 0532 0130 00",
    bank_code="COBADEFFXXX",
)
RUSSIAN = Party(
    name="Товарищество «Голос Сервис»",
    address="123112, г. Москва, Пресненская наб., д. 12",
    country="RU",
    tax_id="7701234567",
    tax_registration_code="770101001",
    bank_name="ПАО Сбербанк, г. Москва",
    bank_account="40702810500000012345",
    bank_code="044525225",
    correspondent_account="30101810400000000225",
    signatory_name="Иванов И. И.",
    signatory_position="Генеральный директор",
    accountant_name="Петрова Г. Д.",
)
INDIAN = Party(
    name="Vaani Cloud Private Limited",
    address="80 Feet Road, Koramangala\nBengaluru 560034",
    country="IN",
    region="KA",
    tax_id="29AAGCB7383J1Z4",
    upi_id="vaani@hdfcbank",
)
BUYER = Party(
    name="Northwind Dental Group, Inc.",
    address="400 Market Street\nSan Francisco, CA 94111",
    country="US",
    tax_id="94-3210987",
    email="ap@northwind.example",
)
FRENCH_BUYER = Party("Société Lumière SARL", "12 rue de la Paix\n75002 Paris", "FR", tax_id="FR40303265045")
HINDI_BUYER = Party("राष्ट्रीय स्वास्थ्य क्लिनिक", "महात्मा गाँधी मार्ग\nमुंबई 400001", "IN", "MH", "27AAPFU0939F1ZV")
PREFIXES = {"receipt": "RCP", "proforma": "PRO", "certificate": "ACT", "invoice": "INV", "credit_note": "CRN"}


def a_content(kind: str = "receipt", **fields: Any) -> Content:
    """A document of this kind; its sums follow from its lines and taxes."""
    lines = fields.pop("lines", (Line("Top-up of the balance", Decimal("250.00")),))
    taxes = fields.pop("taxes", ())
    net = sum((line.amount for line in lines), Decimal(0))
    tax = sum((each.amount for each in taxes), Decimal(0))
    known: dict[str, Any] = {
        "label": f"{PREFIXES[kind]}-2026-0214",
        "language": "en",
        "currency": "USD",
        "issued_on": date(2026, 11, 21),
        "product": "Aitelier",
        "issuer": AMERICAN,
        "buyer": BUYER,
    }
    return Content(kind=kind, lines=lines, taxes=taxes, net=net, tax=tax, total=net + tax, **{**known, **fields})


CALLS = (
    Line("Answered calls", Decimal("1234.50"), Decimal(1000), "calls", Decimal("1.2345"), detail="Main reception"),
    Line("Voicemail", Decimal("3.12"), Decimal(60), "calls", Decimal("0.052"), happened_on=date(2026, 10, 30)),
)
NET = Decimal("1237.62")
PERIOD = {"supplied_from": date(2026, 10, 1), "supplied_until": date(2026, 10, 31)}
VAT = (Tax("VAT", Decimal(19), NET, Decimal("235.15")),)


def invoice(**fields: Any) -> Content:
    """A period's invoice with late usage and a part payment."""
    known: dict[str, Any] = {
        "lines": CALLS,
        "due": Decimal("1137.62"),
        "due_on": date(2026, 12, 21),
        "settlements": (Settlement("Bank transfer", Decimal("100.00"), date(2026, 11, 20)),),
        "pay_url": "https://invoice.example/i/acct_1",
        **PERIOD,
    }
    return a_content("invoice", **{**known, **fields})


def german_invoice(**fields: Any) -> Content:
    """An invoice with VAT, in euros."""
    known: dict[str, Any] = {
        "issuer": GERMAN,
        "buyer": FRENCH_BUYER,
        "currency": "EUR",
        "taxes": VAT,
        "treatment": "eu_consumer",
        "due": NET + VAT[0].amount,
        "settlements": (),
    }
    return invoice(**{**known, **fields})


def credit_note(**fields: Any) -> Content:
    """A part of an invoice given back."""
    known: dict[str, Any] = {
        "lines": CALLS[:1],
        "corrects": Reference("INV-2026-0199", date(2026, 10, 31), "invoice"),
        "reason": "Refund of the unused balance",
    }
    return a_content("credit_note", **{**known, **fields})


def russian(kind: str, **fields: Any) -> Content:
    """A paper for a Russian buyer, in Russian and roubles."""
    known: dict[str, Any] = {
        "issuer": RUSSIAN,
        "buyer": Party("Фирма «Ромашка»", "190000, г. Санкт-Петербург, Невский пр., д. 1", "RU", tax_id="7830002293"),
        "language": "ru",
        "currency": "RUB",
        "lines": (Line("Пополнение баланса", Decimal("10000.00"), Decimal(1), "усл.", Decimal("10000.00")),),
        "treatment": "russia",
    }
    return a_content(kind, **{**known, **fields})


def indian_receipt(**fields: Any) -> Content:
    """A receipt in Hindi with IGST."""
    known: dict[str, Any] = {
        "issuer": INDIAN,
        "buyer": HINDI_BUYER,
        "language": "hi",
        "currency": "INR",
        "lines": (Line("प्रीपेड शेष राशि में टॉप-अप", Decimal("100000.00")),),
        "taxes": (Tax("IGST", Decimal(18), Decimal("100000.00"), Decimal("18000.00")),),
        "treatment": "in_igst",
    }
    return a_content("receipt", **{**known, **fields})


EACH_KIND = {
    "receipt": a_content(payment_reference="pi_3Q8aZk"),
    "proforma": a_content("proforma", due=Decimal("250.00")),
    "certificate": a_content("certificate", lines=CALLS, **PERIOD),
    "invoice": invoice(),
    "credit_note": credit_note(),
}


def in_language(content: Content, language: str) -> Content:
    """The same document in another language."""
    return replace(content, language=language)


def pages_of(content: Content) -> list[str]:
    """The text of each page, as a program reads it out of the PDF; no-break spaces as plain ones."""
    return [page.extract_text().replace("\xa0", " ") for page in PdfReader(BytesIO(render(content))).pages]


def text_of(content: Content) -> str:
    """The text of all pages, with its line breaks as spaces."""
    return " ".join(" ".join(pages_of(content)).split())

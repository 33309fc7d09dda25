"""Payment codes hold, to the character, what their standards say."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from io import BytesIO

from pypdf import PdfReader

from billing.documents.codes import payment_code
from billing.documents.pdf import render
from tests.billing.documents_pdf.contents import GERMAN, INDIAN, NET, a_content, german_invoice, invoice, russian

SWISS = replace(
    GERMAN,
    name="Stimme AG",
    address="Bahnhofstrasse 1\n8001 Zürich",
    country="CH",
    bank_account="CH9300762011623852957",
)


def test_rupees_to_a_upi_id() -> None:
    content = invoice(issuer=INDIAN, currency="INR", due=NET, payment_reference="INV 7 & more")
    assert payment_code(content) == (
        "upi://pay?pa=vaani@hdfcbank&pn=Vaani%20Cloud%20Private%20Limited&am=1237.62&cu=INR&tn=INV%207%20%26%20more"
    )


def test_euros_to_an_iban() -> None:
    assert payment_code(german_invoice()) == (
        "BCD\n002\n1\nSCT\nCOBADEFFXXX\nStimmwerk GmbH\nDE89370400440532013000\nEUR1472.77\n\n\nINV-2026-0214"
    )


def test_roubles_in_kopecks() -> None:
    content = russian("proforma", due=Decimal("12200.05"), payment_reference="По счёту | НДС не облагается")
    assert payment_code(content) == (
        "ST00012|Name=Товарищество «Голос Сервис»|PersonalAcc=40702810500000012345|BankName=ПАО Сбербанк, г. Москва"
        "|BIC=044525225|CorrespAcc=30101810400000000225|Sum=1220005|Purpose=По счёту   НДС не облагается"
        "|PayeeINN=7701234567|KPP=770101001"
    )


def test_francs_to_a_swiss_account() -> None:
    code = payment_code(invoice(issuer=SWISS, currency="CHF", due=NET))
    assert code.split("\n") == [
        *["SPC", "0200", "1", "CH9300762011623852957"],
        *["S", "Stimme AG", "Bahnhofstrasse 1", "", "8001", "Zürich", "CH"],
        *[""] * 7,
        *["1237.62", "CHF"],
        *[""] * 7,
        *["NON", "", "INV-2026-0214", "EPD"],
    ]


def test_a_qr_iban_wants_a_reference_that_we_do_not_give() -> None:
    assert payment_code(invoice(issuer=replace(SWISS, bank_account="CH4431999123000889012"), currency="CHF")) == ""


def test_nothing_due_or_no_standard_has_no_code() -> None:
    assert payment_code(a_content(issuer=GERMAN, currency="EUR")) == ""
    assert payment_code(invoice()) == ""
    assert payment_code(german_invoice(due=Decimal("0.001"))) == ""
    assert payment_code(german_invoice(currency="USD")) == ""


def test_the_code_is_drawn_with_words_for_those_who_do_not_see_it() -> None:
    root = PdfReader(BytesIO(render(german_invoice()))).trailer["/Root"]
    children = [each.get_object() for each in root["/StructTreeRoot"]["/K"]["/K"]]  # type: ignore[index]
    assert [each["/Alt"] for each in children if each["/S"] == "/Figure"] == ["Code for payment"]

"""What is read out of a PDF is what the document's content says: every party, line and amount of every kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.documents.content import Charged, Content, Line, Party
from tests.billing.documents_pdf.contents import (
    BUYER,
    EACH_KIND,
    GERMAN,
    NET,
    a_content,
    credit_note,
    german_invoice,
    in_language,
    indian_receipt,
    invoice,
    pages_of,
    russian,
    text_of,
)

LINE_AMOUNTS = {
    "en": {"250.00": "$250.00", "1234.50": "$1,234.50", "3.12": "$3.12"},
    "ru": {"250.00": "250,00 $", "1234.50": "1 234,50 $", "3.12": "3,12 $"},
    "hi": {"250.00": "$250.00", "1234.50": "$1,234.50", "3.12": "$3.12"},
}


@pytest.mark.parametrize("language", ["en", "ru", "hi"])
@pytest.mark.parametrize("kind", EACH_KIND)
def test_every_party_line_and_amount_is_read_out(kind: str, language: str) -> None:
    content = in_language(EACH_KIND[kind], language)
    text = text_of(content)
    amounts = LINE_AMOUNTS[language]
    for party in (content.issuer, content.buyer):
        assert party.name in text
        assert party.tax_id in text
        assert " ".join(party.address.splitlines()) in text
    assert content.label in text
    for line in content.lines:
        assert line.description in text
        assert amounts[str(line.amount)] in text


def test_an_invoice_states_its_period_and_what_is_left_to_pay() -> None:
    text = text_of(invoice())
    assert "Invoice INV-2026-0214 $1,137.62 Due by December 21, 2026" in text
    assert "Date of issue November 21, 2026 Period Oct 1 \N{EN DASH} 31, 2026" in text
    assert "Voicemail of October 30, 2026 60 calls $0.052 $3.12" in text
    assert "Subtotal $1,237.62 Total $1,237.62" in text
    assert "Bank transfer, Nov 20, 2026 \N{MINUS SIGN}$100.00 Amount due $1,137.62" in text
    assert "Pay online https://invoice.example/i/acct_1" in text
    assert "Account number 202512345678 Routing number 091311229 Payment reference INV-2026-0214" in text


def test_tax_stands_by_rate_with_its_base() -> None:
    text = text_of(german_invoice())
    assert "Total without tax €1,237.62 VAT 19% of €1,237.62 €235.15 Total €1,472.77" in text


def test_reverse_charge_is_said_with_both_numbers() -> None:
    text = text_of(german_invoice(taxes=(), treatment="reverse_charge", due=NET))
    assert "Reverse charge: the recipient accounts for VAT (Article 196 of Directive 2006/112/EC)." in text
    assert "VAT number of the supplier: DE136695976. VAT number of the recipient: FR40303265045." in text


def test_export_is_said() -> None:
    text = text_of(a_content(issuer=GERMAN, treatment="export"))
    assert "Export of services: no tax is charged in the supplier's country." in text


def test_a_credit_note_says_what_it_corrects_and_why() -> None:
    text = text_of(credit_note())
    assert "Corrects INV-2026-0199, Oct 31, 2026" in text
    assert "Total credited $1,234.50" in text
    assert "Reason: Refund of the unused balance" in text


def test_what_was_charged_in_another_currency_is_said_with_the_rate() -> None:
    text = text_of(a_content(charged=Charged(Decimal("22812.50"), "RUB", Decimal("91.25"))))
    assert "Charged in RUB · 91.25 RUB for 1 USD RUB 22,812.50" in text


def test_an_indian_receipt_of_an_advance_is_a_voucher_with_its_code_and_words() -> None:
    text = text_of(replace(indian_receipt(), language="en"))
    assert text.startswith("Receipt voucher RCP-2026-0214 ₹1,18,000.00 Paid")
    assert "IGST 18% of ₹1,00,000.00 ₹18,000.00" in text
    assert "Rupees one lakh eighteen thousand only" in text
    assert "HSN/SAC 9984, telecommunication services." in text
    assert "Place of supply: MH. Tax payable under reverse charge: no." in text
    assert "GSTIN 29AAGCB7383J1Z4" in text
    assert "GSTIN 27AAPFU0939F1ZV" in text


def test_an_indian_invoice_with_tax_is_a_tax_invoice() -> None:
    content = replace(indian_receipt(language="en"), kind="invoice")
    assert text_of(content).startswith("Tax invoice")


def test_joined_letters_of_hindi_are_read_out_as_they_were_written() -> None:
    text = text_of(indian_receipt())
    assert "राष्ट्रीय स्वास्थ्य क्लिनिक महात्मा गाँधी मार्ग मुंबई 400001" in text
    assert "प्रीपेड शेष राशि में टॉप-अप" in text
    assert "एक लाख अठारह हज़ार रुपये मात्र" in text


def test_a_russian_bill_has_the_banks_box_the_sum_in_words_and_who_signs() -> None:
    text = text_of(russian("proforma", due=Decimal("10000.00")))
    box = text[: text.index("PRO-2026-0214")]
    for each in ("ПАО Сбербанк, г. Москва", "044525225", "30101810400000000225", "7701234567", "40702810500000012345"):
        assert each in box
    assert "21 ноября 2026 г." in text
    assert "1 Пополнение баланса 1 усл. 10 000,00 ₽ 10 000,00 ₽" in text
    assert "Десять тысяч рублей 00 копеек" in text
    assert "Генеральный директор, Иванов И. И." in text
    assert "Петрова Г. Д." in text


def test_a_certificate_has_both_sides_sign() -> None:
    text = text_of(a_content("certificate"))
    signed = text[text.index("The services listed above were rendered completely and in time.") :]
    assert f"Contractor Labs LLC Client {BUYER.name} Director Director" in signed


def test_three_hundred_lines_each_stand_once_under_a_repeated_heading() -> None:
    lines = tuple(Line(f"Calls of project {number:03}", Decimal(number)) for number in range(1, 301))
    pages = pages_of(invoice(lines=lines, settlements=(), due=Decimal(45150)))
    text = " ".join(pages)
    assert [text.count(f"Calls of project {number:03} ") for number in range(1, 301)] == [1] * 300
    count = len(pages)
    assert count > 5
    for number, page in enumerate(pages, start=1):
        assert page.count("Description Quantity Unit price Amount") == ("Calls of project" in page)
        assert f"Page {number} of {count}" in page
    assert all("INV-2026-0214 · Labs LLC" in page for page in pages[1:])


@pytest.mark.parametrize("count", range(10, 34))
def test_totals_never_stand_without_the_last_lines(count: int) -> None:
    lines = tuple(Line(f"Calls of project {number:03}", Decimal(1)) for number in range(1, count + 1))
    with_total = next(page for page in pages_of(a_content(lines=lines)) if "Subtotal" in page)
    assert f"Calls of project {count:03}" in with_total
    assert f"Calls of project {count - 1:03}" in with_total


def test_the_longest_names_and_a_line_longer_than_a_page_stand_whole() -> None:
    buyer = Party("X" * 255, "Y" * 255, "DE", tax_id="Z" * 40)
    content = a_content(buyer=buyer, lines=(Line("W" * 255, Decimal(1)), Line("v " * 4000, Decimal(2))))
    text = "".join(pages_of(content))
    office = content.issuer.address
    assert [text.count(letter) - office.count(letter) for letter in "WXYZ"] == [255, 255, 255, 40]
    assert text.count("v ") + text.count("v\n") >= 4000


def test_a_document_with_nothing_but_the_least_is_drawn() -> None:
    content = Content(
        kind="receipt",
        label="RCP-2026-0001",
        language="en",
        currency="CREDIT",
        issued_on=date(2026, 2, 28),
        product="",
        issuer=Party("A"),
        buyer=Party("B"),
        lines=(Line("C", Decimal(0)),),
        taxes=(),
        net=Decimal(0),
        tax=Decimal(0),
        total=Decimal(0),
    )
    text = text_of(content)
    assert "Receipt RCP-2026-0001 0 credits Paid" in text
    assert "From A To B" in text


def test_letters_of_no_typeface_are_drawn_as_numbers_and_read_as_themselves() -> None:
    text = text_of(a_content(buyer=Party("北京语音 Ltd", country="CN")))
    assert "北京语音 Ltd" in text


def test_digits_below_a_cent_stay() -> None:
    content = a_content(lines=(Line("Calls", Decimal("0.123456")), Line("More", Decimal("0.1"))))
    assert "Calls 1 $0.123456 $0.123456 More 1 $0.10 $0.10" in text_of(content)

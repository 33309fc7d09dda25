"""The XML of EU issuers: valid against the standard's schema, with the sums and categories of the document."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from facturx import get_xml_from_pdf, xml_check_xsd
from lxml import etree
from pypdf import PdfReader

from billing.documents.content import Content, Line, Party, Tax
from billing.documents.factur_x import NAMESPACES, xml
from billing.documents.pdf import render
from tests.billing.documents_pdf.contents import (
    BUYER,
    CALLS,
    FRENCH_BUYER,
    GERMAN,
    NET,
    VAT,
    a_content,
    credit_note,
    german_invoice,
    invoice,
)

REVERSE = german_invoice(taxes=(), treatment="reverse_charge", due=NET)
EUROPEAN = {
    "invoice": german_invoice(),
    "receipt": a_content(issuer=GERMAN, buyer=FRENCH_BUYER, currency="EUR", treatment="export"),
    "credit_note": credit_note(issuer=GERMAN, buyer=FRENCH_BUYER, currency="EUR", treatment="untaxed"),
    "reverse_charge": REVERSE,
    "least": a_content(issuer=Party("A", country="IE", tax_id="IE6388047V"), buyer=Party("B")),
    "discount": a_content(issuer=GERMAN, lines=(*CALLS, Line("Credit\x01", Decimal(-1), Decimal(0)))),
}


def values(content: Content, path: str) -> list[str]:
    """The texts at this path, of elements of the `ram` namespace."""
    document = xml(content)
    assert document is not None
    steps = "/".join(f"ram:{step}" for step in path.split("/"))
    found: list[str] = etree.fromstring(document).xpath(f".//{steps}/text()", namespaces=NAMESPACES)
    return found


@pytest.mark.parametrize("name", EUROPEAN)
def test_it_is_valid_against_the_schema(name: str) -> None:
    assert xml_check_xsd(xml(EUROPEAN[name]), flavor="factur-x", level="en16931")


@pytest.mark.parametrize(
    ("name", "code"), [("invoice", "380"), ("receipt", "386"), ("credit_note", "381"), ("reverse_charge", "380")]
)
def test_the_kind_is_the_standards(name: str, code: str) -> None:
    document = etree.fromstring(xml(EUROPEAN[name]))
    assert document.xpath("./rsm:ExchangedDocument/ram:TypeCode/text()", namespaces=NAMESPACES) == [code]


def test_sums_are_those_of_the_document() -> None:
    content = german_invoice(due=Decimal("1372.77"))
    assert values(content, "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount") == ["1234.50", "3.12"]
    header = "SpecifiedTradeSettlementHeaderMonetarySummation/"
    names = ("LineTotalAmount", "TaxBasisTotalAmount", "TaxTotalAmount", "GrandTotalAmount")
    assert [values(content, header + name) for name in names] == [["1237.62"], ["1237.62"], ["235.15"], ["1472.77"]]
    assert values(content, header + "TotalPrepaidAmount") == ["100.00"]
    assert values(content, header + "DuePayableAmount") == ["1372.77"]


@pytest.mark.parametrize(
    ("fields", "category", "percent", "reason"),
    [
        ({}, "S", "19", []),
        ({"taxes": (), "treatment": "reverse_charge"}, "AE", "0", ["VATEX-EU-AE"]),
        ({"taxes": (), "treatment": "export"}, "G", "0", ["VATEX-EU-G"]),
        ({"taxes": (), "treatment": "untaxed"}, "E", "0", []),
        ({"taxes": (Tax("VAT", Decimal(0), NET, Decimal(0)),)}, "Z", "0", []),
    ],
)
def test_the_category_follows_the_rule(
    fields: dict[str, object], category: str, percent: str, reason: list[str]
) -> None:
    content = german_invoice(**fields)
    header = "ApplicableHeaderTradeSettlement/ApplicableTradeTax/"
    assert values(content, header + "CategoryCode") == [category]
    assert values(content, header + "RateApplicablePercent") == [percent]
    assert values(content, header + "ExemptionReasonCode") == reason
    assert values(content, "SpecifiedLineTradeSettlement/ApplicableTradeTax/CategoryCode") == [category] * 2


def test_parties_bank_terms_and_what_is_corrected_are_in_it() -> None:
    content = german_invoice()
    assert values(content, "SellerTradeParty/SpecifiedTaxRegistration/ID") == ["DE136695976"]
    assert values(content, "BuyerTradeParty/SpecifiedTaxRegistration/ID") == ["FR40303265045"]
    assert values(content, "BuyerTradeParty/PostalTradeAddress/CountryID") == ["FR"]
    assert values(content, "PayeePartyCreditorFinancialAccount/IBANID") == ["DE89370400440532013000"]
    document = etree.fromstring(xml(content))
    due = document.xpath(".//ram:DueDateDateTime/udt:DateTimeString/text()", namespaces=NAMESPACES)
    assert due == ["20261221"]
    assert values(EUROPEAN["credit_note"], "InvoiceReferencedDocument/IssuerAssignedID") == ["INV-2026-0199"]


def test_a_greek_number_begins_with_its_letters() -> None:
    issuer = Party("A", country="GR", tax_id="094259216")
    assert values(a_content(issuer=issuer), "SellerTradeParty/SpecifiedTaxRegistration/ID") == ["EL094259216"]


def test_what_rounding_lines_takes_is_a_charge() -> None:
    lines = tuple(Line("Calls", Decimal("0.004")) for _each in range(10))
    content = a_content(issuer=GERMAN, lines=lines, currency="EUR")
    header = "SpecifiedTradeSettlementHeaderMonetarySummation/"
    assert values(content, header + "LineTotalAmount") == ["0.00"]
    assert values(content, header + "ChargeTotalAmount") == ["0.04"]
    assert values(content, header + "TaxBasisTotalAmount") == ["0.04"]


@pytest.mark.parametrize(
    "content",
    [
        invoice(),
        a_content("certificate", issuer=GERMAN),
        a_content("proforma", issuer=GERMAN),
        a_content(issuer=Party("A", country="DE")),
    ],
)
def test_others_have_none(content: Content) -> None:
    assert xml(content) is None
    assert "/AF" not in PdfReader(BytesIO(render(content))).trailer["/Root"]  # type: ignore[operator]


def test_the_pdf_carries_it_as_another_form_of_itself() -> None:
    content = german_invoice(issued_on=date(2026, 2, 28), taxes=VAT, buyer=BUYER)
    pdf = render(content)
    assert get_xml_from_pdf(pdf, check_xsd=True) == ("factur-x.xml", xml(content))
    root = PdfReader(BytesIO(pdf)).trailer["/Root"]
    file = root["/AF"][0].get_object()  # type: ignore[index]
    assert file["/AFRelationship"] == "/Alternative"
    assert file["/EF"]["/F"]["/Subtype"] == "/text/xml"
    metadata = etree.fromstring(root["/Metadata"].get_data())  # type: ignore[index]
    space = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
    names = ("ConformanceLevel", "DocumentFileName", "DocumentType", "Version")
    said = [metadata.findtext(f".//{space}{name}") for name in names]
    assert said == ["EN 16931", "factur-x.xml", "INVOICE", "1.0"]

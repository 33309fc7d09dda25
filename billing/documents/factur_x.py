"""The Factur-X XML (EN 16931, as UN/CEFACT's Cross Industry Invoice) of documents by issuers in the European Union.

A receipt for a top-up is a prepayment invoice (386). The standard knows lines of whole cents: what rounding them takes
or gives is an allowance or a charge on the document, so that the sums are those of the PDF. One VAT category holds for
the whole document; `billing.tax` gives no more than one rate within the Union.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import zip_longest

from lxml import etree
from stdnum import iban

from billing.documents.content import Content, Line, Party
from billing.documents.xml_text import xml_text
from billing.tax import Treatment
from organizations.identifiers import EU

KINDS = {"receipt": "386", "invoice": "380", "credit_note": "381"}
GUIDELINE = "urn:cen.eu:en16931:2017"
NAMESPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
CENT = Decimal("0.01")
PIECES = "C62"  # UN/ECE Recommendation 20: one
ROUNDING_REASON = "Rounding of lines to whole cents"
SEPA_TRANSFER, TRANSFER = "58", "30"  # UNTDID 4461
GREECE = "EL"  # its VAT numbers do not begin with GR
ADDRESS_LINES = ("ram:LineOne", "ram:LineTwo", "ram:LineThree")


@dataclass(frozen=True, slots=True)
class _Category:
    """A VAT category of UNTDID 5305, and why no tax is due in it."""

    code: str
    percent: Decimal = Decimal(0)
    reason: str = ""
    reason_code: str = ""


def xml(content: Content) -> bytes | None:
    """The XML of receipts, invoices and credit notes of an issuer in the European Union; None for all others.

    None too for an issuer without a VAT number, whom the standard does not know.
    """
    issuer = content.issuer
    if issuer.country not in EU or content.kind not in KINDS or not issuer.tax_id or len(content.taxes) > 1:
        return None
    category = _category(content)
    root = _node(
        "rsm:CrossIndustryInvoice",
        _node(
            "rsm:ExchangedDocumentContext",
            _node("ram:GuidelineSpecifiedDocumentContextParameter", _node("ram:ID", GUIDELINE)),
        ),
        _node(
            "rsm:ExchangedDocument",
            _node("ram:ID", content.label),
            _node("ram:TypeCode", KINDS[content.kind]),
            _node("ram:IssueDateTime", _day(content.issued_on)),
            _node("ram:IncludedNote", _text("ram:Content", content.reason)) if content.reason else None,
        ),
        _node(
            "rsm:SupplyChainTradeTransaction",
            *(_line(number, line, category) for number, line in enumerate(content.lines, start=1)),
            _node(
                "ram:ApplicableHeaderTradeAgreement",
                _party("ram:SellerTradeParty", issuer),
                _party("ram:BuyerTradeParty", content.buyer),
            ),
            _node("ram:ApplicableHeaderTradeDelivery", _delivery(content)),
            _settlement(content, category),
        ),
    )
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document


def _category(content: Content) -> _Category:
    if content.treatment == Treatment.REVERSE_CHARGE:
        return _Category("AE", reason="Reverse charge", reason_code="VATEX-EU-AE")
    if content.treatment == Treatment.EXPORT:
        return _Category("G", reason="Supplied outside the European Union", reason_code="VATEX-EU-G")
    if not content.taxes:
        return _Category("E", reason="No VAT is charged")
    percent = content.taxes[0].percent
    return _Category("S", percent) if percent else _Category("Z")


def _line(number: int, line: Line, category: _Category) -> etree._Element:
    """Prices are positive in the standard: what is taken off has a negative quantity."""
    quantity = abs(line.quantity) or Decimal(1)
    price = line.unit_price if line.unit_price is not None else line.amount
    base = None if line.unit_price is not None else _node("ram:BasisQuantity", _plain(quantity), unitCode=PIECES)
    sold = quantity if line.amount >= 0 else -quantity
    detail = " · ".join(each for each in (line.unit, line.detail) if each)
    period = _node("ram:EndDateTime", _day(line.happened_on)) if line.happened_on else None
    return _node(
        "ram:IncludedSupplyChainTradeLineItem",
        _node("ram:AssociatedDocumentLineDocument", _node("ram:LineID", str(number))),
        _node("ram:SpecifiedTradeProduct", _text("ram:Name", line.description), _text("ram:Description", detail)),
        _node(
            "ram:SpecifiedLineTradeAgreement",
            _node("ram:NetPriceProductTradePrice", _node("ram:ChargeAmount", _plain(abs(price))), base),
        ),
        _node("ram:SpecifiedLineTradeDelivery", _node("ram:BilledQuantity", _plain(sold), unitCode=PIECES)),
        _node(
            "ram:SpecifiedLineTradeSettlement",
            _tax(category),
            _node("ram:BillingSpecifiedPeriod", period) if period is not None else None,
            _node(
                "ram:SpecifiedTradeSettlementLineMonetarySummation",
                _node("ram:LineTotalAmount", _cents(line.amount)),
            ),
        ),
    )


def _party(name: str, party: Party) -> etree._Element:
    lines = [line.strip() for line in party.address.splitlines() if line.strip()]
    lines = [*lines[:2], ", ".join(lines[2:])]
    named = (_text(tag, line) for tag, line in zip_longest(ADDRESS_LINES, lines, fillvalue=""))
    registration = party.registration_number
    return _node(
        name,
        _text("ram:Name", party.name),
        _node("ram:SpecifiedLegalOrganization", _text("ram:ID", registration)) if registration else None,
        _node("ram:PostalTradeAddress", *named, _node("ram:CountryID", party.country)) if party.country else None,
        _node("ram:URIUniversalCommunication", _text("ram:URIID", party.email, schemeID="EM")) if party.email else None,
        _node("ram:SpecifiedTaxRegistration", _node("ram:ID", _vat_number(party), schemeID="VA"))
        if party.tax_id and party.country in EU
        else None,
    )


def _vat_number(party: Party) -> str:
    """With the country's letters before it, as the standard wants."""
    number = party.tax_id.replace(" ", "").upper()
    letters = GREECE if party.country == "GR" else party.country
    return number if number.startswith(letters) else letters + number


def _delivery(content: Content) -> etree._Element:
    day = content.supplied_until or content.supplied_from or content.issued_on
    return _node("ram:ActualDeliverySupplyChainEvent", _node("ram:OccurrenceDateTime", _day(day)))


def _settlement(content: Content, category: _Category) -> etree._Element:
    lines = sum((_rounded(line.amount) for line in content.lines), Decimal(0))
    net, tax, total = (_rounded(each) for each in (content.net, content.tax, content.total))
    rounding = net - lines
    corrects = content.corrects
    return _node(
        "ram:ApplicableHeaderTradeSettlement",
        _text("ram:PaymentReference", content.payment_reference),
        _node("ram:InvoiceCurrencyCode", content.currency),
        _means(content),
        _tax(category, base=net, amount=tax),
        _period(content),
        _rounding(rounding, category) if rounding else None,
        _node("ram:SpecifiedTradePaymentTerms", _node("ram:DueDateDateTime", _day(content.due_on or content.issued_on)))
        if content.due > 0
        else None,
        _node(
            "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
            _node("ram:LineTotalAmount", _cents(lines)),
            _node("ram:ChargeTotalAmount", _cents(max(rounding, Decimal(0)))),
            _node("ram:AllowanceTotalAmount", _cents(max(-rounding, Decimal(0)))),
            _node("ram:TaxBasisTotalAmount", _cents(net)),
            _node("ram:TaxTotalAmount", _cents(tax), currencyID=content.currency),
            _node("ram:GrandTotalAmount", _cents(total)),
            _node("ram:TotalPrepaidAmount", _cents(total - _rounded(content.due))),
            _node("ram:DuePayableAmount", _cents(content.due)),
        ),
        _node(
            "ram:InvoiceReferencedDocument",
            _text("ram:IssuerAssignedID", corrects.label),
            _node("ram:FormattedIssueDateTime", _day(corrects.issued_on, "qdt")),
        )
        if corrects
        else None,
    )


def _means(content: Content) -> etree._Element | None:
    """How to pay what is due, by the issuer's bank account."""
    account = content.issuer.bank_account.replace(" ", "")
    if content.due <= 0 or not account:
        return None
    is_iban = iban.is_valid(account)
    code = SEPA_TRANSFER if is_iban and content.currency == "EUR" else TRANSFER
    bank = content.issuer.bank_code
    return _node(
        "ram:SpecifiedTradeSettlementPaymentMeans",
        _node("ram:TypeCode", code),
        _node(
            "ram:PayeePartyCreditorFinancialAccount", _node("ram:IBANID" if is_iban else "ram:ProprietaryID", account)
        ),
        _node("ram:PayeeSpecifiedCreditorFinancialInstitution", _text("ram:BICID", bank)) if bank else None,
    )


def _tax(category: _Category, *, base: Decimal | None = None, amount: Decimal = Decimal(0)) -> etree._Element:
    """The category of a line, or with its `base` and `amount` the breakdown of the document."""
    is_breakdown = base is not None
    return _node(
        "ram:ApplicableTradeTax",
        _node("ram:CalculatedAmount", _cents(amount)) if is_breakdown else None,
        _node("ram:TypeCode", "VAT"),
        _text("ram:ExemptionReason", category.reason) if is_breakdown else None,
        _node("ram:BasisAmount", _cents(base)) if base is not None else None,
        _node("ram:CategoryCode", category.code),
        _text("ram:ExemptionReasonCode", category.reason_code) if is_breakdown else None,
        _node("ram:RateApplicablePercent", _plain(category.percent)),
    )


def _period(content: Content) -> etree._Element | None:
    first, last = content.supplied_from, content.supplied_until
    if first is None or last is None:
        return None
    start, end = _node("ram:StartDateTime", _day(first)), _node("ram:EndDateTime", _day(last))
    return _node("ram:BillingSpecifiedPeriod", start, end)


def _rounding(rounding: Decimal, category: _Category) -> etree._Element:
    return _node(
        "ram:SpecifiedTradeAllowanceCharge",
        _node("ram:ChargeIndicator", _node("udt:Indicator", "true" if rounding > 0 else "false")),
        _node("ram:ActualAmount", _cents(abs(rounding))),
        _node("ram:Reason", ROUNDING_REASON),
        _node(
            "ram:CategoryTradeTax",
            _node("ram:TypeCode", "VAT"),
            _node("ram:CategoryCode", category.code),
            _node("ram:RateApplicablePercent", _plain(category.percent)),
        ),
    )


def _node(name: str, *children: etree._Element | str | None, **attributes: str) -> etree._Element:
    """An element of its prefix's namespace; what is None is left out."""
    node = etree.Element(_qualified(name), attributes, nsmap=NAMESPACES if name.startswith("rsm:Cross") else None)
    for child in children:
        if isinstance(child, str):
            node.text = child
        elif child is not None:
            node.append(child)
    return node


def _text(name: str, text: str, **attributes: str) -> etree._Element | None:
    """An element of what people wrote; none for empty text."""
    kept = xml_text(text)
    return _node(name, kept, **attributes) if kept else None


def _qualified(name: str) -> str:
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _day(day: date, prefix: str = "udt") -> etree._Element:
    return _node(f"{prefix}:DateTimeString", f"{day:%Y%m%d}", format="102")


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _cents(amount: Decimal) -> str:
    return f"{_rounded(amount):f}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"

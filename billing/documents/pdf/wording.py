"""What a document says of itself in the house's words: titles, names of its fields, and sentences of the law.

All of it is translated; a Russian document calls its sides and totals as accountants there do (счёт на оплату, акт).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.documents.content import Content
from billing.tax import Treatment
from organizations.identifiers import EU

INDIAN_GST = (Treatment.IN_IGST, Treatment.IN_CGST_SGST)
TELECOM_CODE = "9984"
"""SAC of telecommunication and information supply services, in India's scheme of services."""


NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Sides:
    """How the document calls who sells and who buys."""

    seller: str
    buyer: str


def title(content: Content) -> str:
    """What kind of document it is, in its first line."""
    if content.treatment in INDIAN_GST and content.issuer.country == "IN":
        if content.kind == "invoice":
            return _("Tax invoice")
        if content.kind == "receipt":
            return _("Receipt voucher")
    return {
        "receipt": _("Receipt"),
        "proforma": _("Proforma invoice"),
        "certificate": _("Completion certificate"),
        "invoice": _("Invoice"),
        "credit_note": _("Credit note"),
    }[content.kind]


def sides(content: Content) -> Sides:
    """The names of the two sides."""
    if content.kind == "certificate":
        return Sides(_("Contractor"), _("Client"))
    if content.kind == "proforma":
        return Sides(_("Supplier"), _("Purchaser"))
    return Sides(pgettext("issuer of a document", "From"), pgettext("buyer on a document", "To"))


def total_name(content: Content) -> str:
    """The name of the total."""
    if content.kind == "proforma":
        return _("Total to pay")
    return _("Total credited") if content.kind == "credit_note" else pgettext("sum of a document", "Total")


def tax_id_name(country: str) -> str:
    """What a tax ID is called in this country."""
    if country in EU or country in ("GB", "XI", "CH", "NO"):
        return _("VAT number")
    return {"RU": pgettext("tax ID in Russia", "INN"), "IN": "GSTIN", "US": "EIN"}.get(country, _("Tax ID"))


def registration_name(country: str) -> str:
    """What the number of the company register is called."""
    return {"RU": pgettext("register in Russia", "OGRN"), "IN": "CIN"}.get(country, _("Registration number"))


def account_name(account: str) -> str:
    """What a bank account's number is called."""
    return "IBAN" if account[:2].isalpha() else _("Account number")


def bank_code_name(country: str) -> str:
    """What a bank's code is called."""
    names = {"IN": "IFSC", "US": _("Routing number"), "RU": pgettext("bank code in Russia", "BIC")}
    return names.get(country, "BIC")


def tax_notes(content: Content) -> list[str]:
    """The sentences that the tax rule asks for (FACTS.md, 'Identifiers and tax')."""
    notes = []
    if content.treatment == Treatment.REVERSE_CHARGE:
        notes.append(_("Reverse charge: the recipient accounts for VAT (Article 196 of Directive 2006/112/EC)."))
        notes.append(
            _("VAT number of the supplier: %(seller)s. VAT number of the recipient: %(buyer)s.")
            % {"seller": content.issuer.tax_id or NONE, "buyer": content.buyer.tax_id or NONE}
        )
    elif content.treatment == Treatment.EXPORT:
        notes.append(_("Export of services: no tax is charged in the supplier's country."))
    if content.issuer.country == "IN" and content.treatment in (*INDIAN_GST, Treatment.EXPORT):
        notes.append(_("HSN/SAC %(code)s, telecommunication services.") % {"code": TELECOM_CODE})
        place = content.buyer.region or content.buyer.country
        notes.append(_("Place of supply: %(place)s. Tax payable under reverse charge: no.") % {"place": place})
    return notes


def untaxed_name(content: Content) -> str:
    """What stands in place of a tax line where there is none, where custom wants it said."""
    return _("Without VAT") if content.issuer.country == "RU" and not content.taxes else ""

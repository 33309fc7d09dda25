"""Payment codes: what a bank's app reads from the square on an invoice. Pure.

A standard holds where the money goes: UPI for rupees to a UPI ID; the Swiss QR-bill (SPC) for francs or euros to an
account in Switzerland or Liechtenstein; the European credit transfer (EPC069-12, BCD) for euros to any other IBAN;
ST00012 (GOST R 56042-2014) for roubles to a Russian account.
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote, urlencode

from stdnum import iban

from billing.documents.content import Content, Party

EPC_NAME_MAX, EPC_TEXT_MAX = 70, 140
EPC_AMOUNT_MAX = Decimal("999999999.99")
SWISS_NAME_MAX, SWISS_MESSAGE_MAX = 70, 140
QR_IBAN_BANKS = range(30000, 32000)
RUSSIAN_ACCOUNT_DIGITS = 20
CENT = Decimal("0.01")


def payment_code(content: Content) -> str:
    """What the document's payment code holds, for the amount due; empty where no standard is for it."""
    issuer, amount = content.issuer, content.due
    if amount <= 0 or amount != amount.quantize(CENT):
        return ""
    purpose = content.payment_reference or content.label
    account = issuer.bank_account.replace(" ", "").upper()
    if content.currency == "INR" and issuer.upi_id:
        return _upi(issuer, amount, purpose)
    if content.currency == "RUB" and len(account) == RUSSIAN_ACCOUNT_DIGITS and account.isdigit():
        return _st00012(issuer, account, amount, purpose)
    if _is_iban(account):
        if account[:2] in ("CH", "LI") and content.currency in ("CHF", "EUR"):
            return _swiss(content, account, amount, purpose)
        if content.currency == "EUR" and amount <= EPC_AMOUNT_MAX:
            return _epc(issuer, account, amount, purpose)
    return ""


def _is_iban(account: str) -> bool:
    return bool(iban.is_valid(account))


def _upi(issuer: Party, amount: Decimal, purpose: str) -> str:
    """UPI linking specification 1.6 of NPCI."""
    fields = {"pa": issuer.upi_id, "pn": issuer.name, "am": f"{amount:.2f}", "cu": "INR", "tn": purpose}
    return "upi://pay?" + urlencode(fields, quote_via=quote, safe="@")


def _epc(issuer: Party, account: str, amount: Decimal, purpose: str) -> str:
    """EPC069-12, version 002 in UTF-8: the amount as EUR12.5 is EUR12.50."""
    lines = [
        "BCD", "002", "1", "SCT",
        issuer.bank_code.strip(),
        issuer.name[:EPC_NAME_MAX],
        account,
        f"EUR{amount:.2f}",
        "", "",
        purpose[:EPC_TEXT_MAX],
    ]  # fmt: skip
    return "\n".join(lines)


def _st00012(issuer: Party, account: str, amount: Decimal, purpose: str) -> str:
    """GOST R 56042-2014 in UTF-8; the sum in kopecks. A bar in a text would end it."""
    fields = {
        "Name": issuer.name,
        "PersonalAcc": account,
        "BankName": issuer.bank_name,
        "BIC": issuer.bank_code,
        "CorrespAcc": issuer.correspondent_account or "0",
        "Sum": f"{amount * 100:.0f}",
        "Purpose": purpose,
        "PayeeINN": issuer.tax_id,
        "KPP": issuer.tax_registration_code,
    }
    return "|".join(["ST00012", *(f"{name}={value.replace('|', ' ')}" for name, value in fields.items() if value)])


def _swiss(content: Content, account: str, amount: Decimal, purpose: str) -> str:
    """Swiss payment standards, QR-bill 2.3, without a reference: so a plain IBAN, and a structured address."""
    issuer = content.issuer
    street, postcode, town = _town(issuer.address)
    if int(account[4:9]) in QR_IBAN_BANKS or not town:
        return ""
    lines = [
        "SPC", "0200", "1",
        account,
        "S", issuer.name[:SWISS_NAME_MAX], street[:SWISS_NAME_MAX], "", postcode, town, issuer.country,
        *[""] * 7,
        f"{amount:.2f}", content.currency,
        *[""] * 7,
        "NON", "",
        purpose[:SWISS_MESSAGE_MAX],
        "EPD",
    ]  # fmt: skip
    return "\n".join(lines)


def _town(address: str) -> tuple[str, str, str]:
    """Street, postal code and town, from the line that begins with four digits and the one before it."""
    street = ""
    for line in map(str.strip, address.splitlines()):
        first, _space, rest = line.removeprefix("CH-").removeprefix("LI-").partition(" ")
        if first.isdigit() and len(first) == 4 and rest:
            return street, first, rest
        street = line
    return street, "", ""

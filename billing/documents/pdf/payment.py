"""How to pay: a link, bank details, a code to scan; on a Russian paper the bank's box that stands at its top."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from billing.documents.codes import payment_code
from billing.documents.content import Content, Party
from billing.documents.pdf import wording
from billing.documents.pdf.marks import QUIET
from billing.documents.pdf.rows import HEADING, SMALL, TEXT, Cell, Modules, Row, Said, cell
from billing.documents.pdf.shaping import Style

CODE_SIZE = 112.0
CODE_COLUMN = 136.0
NAME_COLUMN = 120.0
BOX_CODE, BOX_VALUE = 0.54, 0.62
BOXED = Style(8.5)


def payment(content: Content, width: float) -> list[Row]:
    """Heading, ways to pay, and the code beside them; nothing for what is not to be paid."""
    if content.due <= 0:
        return []
    code = _code(payment_code(content), width)
    text_width = width - CODE_COLUMN if code else width
    facts = [] if has_bank_box(content) else _bank(content)
    facts.append((_("Payment reference"), content.payment_reference or content.label))
    rows = [Row((cell(0, text_width, Said(_("How to pay"), HEADING, role="H2")),), before=22, after=3)]
    if content.pay_url:
        rows.append(_fact(_("Pay online"), content.pay_url, text_width, url=content.pay_url))
    rows += [_fact(name, value, text_width) for name, value in facts]
    if code:
        beside = Row(code, before=rows[0].before)
        rows.append(Row((), before=max(0.0, beside.height - sum(row.height for row in rows))))
        rows.insert(0, replace(beside, floats=True))
    return rows


def _fact(name: str, value: str, width: float, *, url: str = "") -> Row:
    said = Said(value, TEXT, url=url)
    return Row((cell(0, NAME_COLUMN, Said(name, TEXT, QUIET)), cell(NAME_COLUMN, width - NAME_COLUMN, said)), before=2)


def has_bank_box(content: Content) -> bool:
    """Whether the paper begins with the bank's box, as a Russian счёт на оплату does."""
    issuer = content.issuer
    return content.kind == "proforma" and issuer.country == "RU" and bool(issuer.bank_account and issuer.bank_code)


def _bank(content: Content) -> list[tuple[str, str]]:
    issuer = content.issuer
    if not issuer.bank_account:
        return [(_("Bank details"), content.bank_details)] if content.bank_details else []
    named = [
        (_("Payee"), issuer.name),
        (pgettext("name of a bank", "Bank"), issuer.bank_name),
        (wording.account_name(issuer.bank_account), issuer.bank_account),
        (wording.bank_code_name(issuer.country), issuer.bank_code),
        (_("Correspondent account"), issuer.correspondent_account),
        ("UPI", issuer.upi_id),
    ]
    return [(name, value) for name, value in named if value]


def _code(payload: str, width: float) -> tuple[Cell, ...]:
    if not payload:
        return ()
    modules = code_modules(payload)
    caption = cell(width - CODE_SIZE, CODE_SIZE, Said(_("Scan to pay in your bank's app"), SMALL, QUIET))
    says = _("Code for payment")
    return (replace(caption, code=modules, code_says=says, code_has_cross=payload.startswith("SPC\n")),)


def code_modules(payload: str) -> Modules:
    """The rows of the payload's QR code, without the quiet zone: the page around it is empty."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(payload.encode())
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.get_matrix())


def bank_box(content: Content, width: float) -> list[Row]:
    """Bank, BIC and correspondent account; payee with INN, KPP and account (Положение Банка России 762-П)."""
    issuer = content.issuer
    code_at, value_at = width * BOX_CODE, width * BOX_VALUE
    edges = (0.0, code_at, value_at, width - 0.5)
    upper = (
        _boxed(0, code_at, issuer.bank_name, below=_("Payee's bank")),
        _boxed(code_at, value_at - code_at, _bic(), _account()),
        _boxed(value_at, width - value_at, issuer.bank_code, issuer.correspondent_account or wording.NONE),
    )
    lower = (
        _boxed(0, code_at, _tax_numbers(issuer), issuer.name, below=_("Payee")),
        _boxed(code_at, value_at - code_at, _account()),
        _boxed(value_at, width - value_at, issuer.bank_account),
    )
    return [
        Row(upper, before=4, after=5, rule_above=0.5, verticals=edges),
        Row(lower, before=4, after=5, rule_above=0.5, rule_below=0.5, verticals=edges),
    ]


def _boxed(x: float, width: float, *texts: str, below: str = "") -> Cell:
    said = [Said(text, BOXED) for text in texts]
    return cell(x + 5, width - 10, *said, Said(below, SMALL, QUIET, space_before=3))


def _bic() -> str:
    return pgettext("bank code in Russia", "BIC")


def _account() -> str:
    return pgettext("account number, as short as can be", "Acc. No.")


def _tax_numbers(issuer: Party) -> str:
    named = [
        (pgettext("tax ID in Russia", "INN"), issuer.tax_id),
        (pgettext("tax registration code in Russia", "KPP"), issuer.tax_registration_code),
    ]
    return "   ".join(f"{name} {value}" for name, value in named if value)

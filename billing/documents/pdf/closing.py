"""The end of a document: the amount in words, what the law wants said, the reason, and places to sign."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from billing.documents.content import Content, Party
from billing.documents.pdf import wording
from billing.documents.pdf.figures import Figures
from billing.documents.pdf.marks import QUIET
from billing.documents.pdf.rows import SMALL, STRONG, TEXT, Cell, Row, Said, cell
from billing.documents.words import amount_in_words

GUTTER = 24.0
IN_WORDS = ("RU", "IN")
"""Where custom wants the amount in words."""


def closing(content: Content, figures: Figures, width: float) -> list[Row]:
    """All that stands under the totals but the ways to pay and the signatures."""
    said = []
    if content.issuer.country == "RU" and content.kind in ("proforma", "certificate"):
        said.append(Said(_counted(content, figures), TEXT))
    if content.issuer.country in IN_WORDS:
        said.append(Said(amount_in_words(content.total, content.currency, content.language), STRONG, space_before=2))
    said += [Said(note, TEXT, QUIET, space_before=4) for note in wording.tax_notes(content)]
    if content.reason:
        said.append(Said(_("Reason: %(reason)s") % {"reason": content.reason}, TEXT, space_before=4))
    if content.kind == "receipt" and content.payment_reference:
        paid = _("Payment number: %(number)s") % {"number": content.payment_reference}
        said.append(Said(paid, SMALL, QUIET, space_before=4))
    if content.kind == "certificate":
        said.append(Said(_accepted(), TEXT, space_before=8))
    return [Row((cell(0, width, *said),), before=20)] if said else []


def _counted(content: Content, figures: Figures) -> str:
    count = len(content.lines)
    text = ngettext("%(count)s item, to the sum of %(amount)s", "%(count)s items, to the sum of %(amount)s", count)
    return text % {"count": count, "amount": figures.amount(content.total)}


def _accepted() -> str:
    return _(
        "The services listed above were rendered completely and in time. The client has no claims as to their extent, "
        "quality and time."
    )


def signatures(content: Content, width: float) -> list[Row]:
    """Places to sign: of both sides on a certificate, of director and accountant on a Russian счёт на оплату."""
    half = (width - GUTTER) / 2
    issuer = content.issuer
    if content.kind == "certificate":
        sides = wording.sides(content)
        names = tuple(
            cell(at, half, Said(name, SMALL, QUIET), Said(party.name, STRONG, space_before=1))
            for at, name, party in ((0, sides.seller, issuer), (half + GUTTER, sides.buyer, content.buyer))
        )
        signed = (_signed(0, half, _signatory(issuer)), _signed(half + GUTTER, half, _signatory(content.buyer)))
        return [Row(names, before=24, after=30), Row(signed)]
    if content.kind == "proforma" and issuer.country == "RU":
        accountant = ", ".join(each for each in (_("Accountant"), issuer.accountant_name) if each)
        return [Row((_signed(0, half, _signatory(issuer)), _signed(half + GUTTER, half, accountant)), before=52)]
    return []


def _signatory(party: Party) -> str:
    position = party.signatory_position or pgettext("who signs for a company", "Director")
    return ", ".join(each for each in (position, party.signatory_name) if each)


def _signed(x: float, width: float, who: str) -> Cell:
    return cell(x, width, Said(who, SMALL, QUIET, space_before=2), has_rule=True)

"""The top of a document: what it is, its number, the one large figure, dates, and the two sides."""

from __future__ import annotations

from babel import Locale
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.documents.content import Content, Party
from billing.documents.pdf import wording
from billing.documents.pdf.figures import Figures
from billing.documents.pdf.marks import QUIET
from billing.documents.pdf.rows import (
    HEADING,
    PADDING,
    SMALL,
    STRONG,
    TEXT,
    TITLE,
    Cell,
    Row,
    Said,
    Side,
    cell,
    label,
)
from billing.documents.pdf.shaping import Style

FIGURE = Style(20, bold=True, tabular=True)
GUTTER = 24.0


def heading(content: Content, figures: Figures, width: float) -> list[Row]:
    """Title and number on the left, the figure that matters on the right; under them what dates the document."""
    half = (width - GUTTER) / 2
    said = Said(content.label, HEADING, QUIET, space_before=2)
    left = cell(0, half, Said(wording.title(content), TITLE, role="H1"), said)
    name, amount = _figure(content, figures)
    right = cell(
        half + GUTTER,
        half,
        Said(amount, FIGURE),
        Said(name, SMALL, QUIET, space_before=4),
        side=Side.RIGHT,
    )
    return [Row((left, right), after=16), facts(content, figures, width), parties(content, figures, width)]


def long_title(content: Content, figures: Figures) -> str:
    """Kind, number and date in one line, as Russian papers begin."""
    return _("%(title)s No. %(number)s of %(date)s") % {
        "title": wording.title(content),
        "number": content.label,
        "date": figures.day(content.issued_on),
    }


def _figure(content: Content, figures: Figures) -> tuple[str, str]:
    """The large figure: what it is, and how much."""
    if content.kind in ("invoice", "proforma") and content.due:
        name = _("Due by %(date)s") % {"date": figures.day(content.due_on)} if content.due_on else _("Amount due")
        return name, figures.amount(content.due)
    name = {
        "receipt": pgettext("state of a receipt", "Paid"),
        "credit_note": wording.total_name(content),
    }.get(content.kind, pgettext("sum of a document", "Total"))
    return name, figures.amount(content.total)


def facts(content: Content, figures: Figures, width: float) -> Row:
    """What dates the document and says what it is of, in a line."""
    named = [(_("Date of issue"), figures.day(content.issued_on))]
    if content.supplied_from and content.supplied_until:
        named.append((_("Period"), figures.days(content.supplied_from, content.supplied_until)))
    elif content.supplied_from:
        named.append((_("Date of supply"), figures.day(content.supplied_from)))
    if content.due_on and content.due:
        named.append((_("Due date"), figures.day(content.due_on)))
    if content.corrects:
        corrected = f"{content.corrects.label}, {figures.short(content.corrects.issued_on)}"
        named.append((_("Corrects"), corrected))
    named.append((_("Product"), content.product))
    column = (width - GUTTER) / 4 if len(named) <= 4 else width / len(named)
    cells = tuple(
        cell(at * width / max(len(named), 4), column - PADDING, label(name), Said(value, TEXT, space_before=1))
        for at, (name, value) in enumerate(named)
    )
    return Row(cells, before=9, after=9, rule_above=0.5, rule_below=0.5)


def parties(content: Content, figures: Figures, width: float) -> Row:
    """Issuer and buyer side by side."""
    half = (width - GUTTER) / 2
    sides = wording.sides(content)
    office = _("Registered office")
    return Row(
        (
            party(content.issuer, sides.seller, figures.locale, x=0, width=half, office=office),
            party(content.buyer, sides.buyer, figures.locale, x=half + GUTTER, width=half),
        ),
        before=16,
        after=20,
    )


def party(side: Party, name: str, locale: Locale, *, x: float, width: float, office: str = "") -> Cell:
    """One side with all that is known of it."""
    said = [label(name), Said(side.name, STRONG, space_before=2)]
    if side.address and office:
        said.append(Said(office, SMALL, QUIET, space_before=2))
    said += [Said(line, TEXT) for line in side.address.splitlines()]
    country = locale.territories.get(side.country, side.country)
    if country and country not in side.address:
        said.append(Said(country, TEXT))
    numbers = identifiers(side)
    said += [Said(text, TEXT, space_before=0 if at else 4) for at, text in enumerate(numbers)]
    said.append(Said(side.email, TEXT, QUIET))
    return cell(x, width, *said)


def identifiers(side: Party) -> list[str]:
    """Tax ID, registration code and number with their names."""
    named = [
        (wording.tax_id_name(side.country), side.tax_id),
        (pgettext("tax registration code in Russia", "KPP"), side.tax_registration_code),
        (wording.registration_name(side.country), side.registration_number),
    ]
    return [f"{name} {value}" for name, value in named if value]

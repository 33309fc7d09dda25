"""A document's parts in their order, onto pages, into a PDF."""

from __future__ import annotations

import json

from django.utils import translation
from django.utils.translation import gettext as _

from billing.documents import factur_x
from billing.documents.content import Content, to_json
from billing.documents.pdf import wording
from billing.documents.pdf.archive import Properties, complete
from billing.documents.pdf.closing import closing, signatures
from billing.documents.pdf.figures import Figures, figures_for
from billing.documents.pdf.flow import A4, LETTER, Flow
from billing.documents.pdf.heading import facts, heading, long_title, parties
from billing.documents.pdf.lines import lay_lines
from billing.documents.pdf.payment import bank_box, has_bank_box, payment
from billing.documents.pdf.rows import Row, Said, cell
from billing.documents.pdf.shaping import Style
from billing.documents.pdf.sheet import Sheet

LONG_TITLE = Style(14, bold=True)


def render(content: Content) -> bytes:
    """The document as PDF/A-3b. The same bytes for the same content."""
    with translation.override(content.language):
        figures = figures_for(language=content.language, country=content.issuer.country, currency=content.currency)
        flow = Flow(LETTER if content.issuer.country == "US" else A4, f"{content.label} · {content.issuer.name}")
        for group in _groups(content, figures, flow):
            flow.place(group)
        count = len(flow.pages)
        numbered = [_("Page %(page)s of %(pages)s") % {"page": page + 1, "pages": count} for page in range(count)]
        flow.finish(footer=content.footer, numbered=numbered)
        return _drawn(flow, content)


def _groups(content: Content, figures: Figures, flow: Flow) -> list[list[Row]]:
    """What follows the lines, each group on one page; what comes before them is placed here."""
    if content.issuer.country == "RU" and content.kind in ("proforma", "certificate"):
        flow.place(_russian_heading(content, figures, flow.width))
    else:
        flow.place(heading(content, figures, flow.width))
    lay_lines(flow, content, figures)
    return [
        closing(content, figures, flow.width),
        payment(content, flow.width),
        signatures(content, flow.width),
    ]


def _russian_heading(content: Content, figures: Figures, width: float) -> list[Row]:
    box = bank_box(content, width) if has_bank_box(content) else []
    title = Said(long_title(content, figures), LONG_TITLE, role="H1")
    return [
        *box,
        Row((cell(0, width, title),), before=20 if box else 0, after=14),
        facts(content, figures, width),
        parties(content, figures, width),
    ]


def _drawn(flow: Flow, content: Content) -> bytes:
    sheet = Sheet(size=flow.size, language=content.language)
    for page in flow.pages:
        sheet.draw(page)
    properties = Properties(
        title=f"{wording.title(content)} {content.label}",
        author=content.issuer.name,
        subject=content.buyer.name,
        language=content.language,
        issued_on=content.issued_on,
        fingerprint=json.dumps(to_json(content), sort_keys=True),
    )
    attachment = factur_x.xml(content)
    return sheet.finish(flow.top, lambda drawn: complete(drawn, properties, attachment))

"""The file itself: the same bytes for the same content, PDF/A-3b, tagged, with its fonts and nothing of the day."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from pypdf import PdfReader

from billing.documents.content import Party
from billing.documents.pdf import render
from tests.billing.documents_pdf.contents import EACH_KIND, a_content, german_invoice, indian_receipt, invoice, russian

DOCUMENTS = {**EACH_KIND, "hindi": indian_receipt(), "russian": russian("certificate"), "european": german_invoice()}
ROOT = Path(__file__).parents[3]
ELSEWHERE = """
import sys
from hashlib import sha256
import django
django.setup()
from tests.billing.documents_pdf.test_file import DOCUMENTS
from billing.documents.pdf import render
for name in reversed(DOCUMENTS):
    print(name, sha256(render(DOCUMENTS[name])).hexdigest())
"""


def catalogue(name: str) -> Any:
    """The document's root dictionary."""
    return PdfReader(BytesIO(render(DOCUMENTS[name]))).trailer["/Root"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_two_renderings_are_the_same_bytes(name: str) -> None:
    assert render(DOCUMENTS[name]) == render(DOCUMENTS[name])


def test_another_process_in_another_zone_and_order_makes_the_same_bytes() -> None:
    environment = {**os.environ, "TZ": "Asia/Kolkata", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"}
    environment["DJANGO_SETTINGS_MODULE"] = os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings")
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    made = dict(line.split() for line in ran.stdout.splitlines())
    assert made == {name: sha256(render(content)).hexdigest() for name, content in DOCUMENTS.items()}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_only_embedded_fonts_are_used(name: str) -> None:
    reader = PdfReader(BytesIO(render(DOCUMENTS[name])))
    for page in reader.pages:
        fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
        assert fonts
        for font in fonts.values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            assert "+FiraGO-" in descendant["/BaseFont"]
            assert descendant["/FontDescriptor"]["/FontFile2"].get_data()[:4] == b"\x00\x01\x00\x00"


@pytest.mark.parametrize("name", ["receipt", "hindi", "russian"])
def test_the_file_says_what_it_is_in_which_language_and_colours(name: str) -> None:
    content = DOCUMENTS[name]
    root = catalogue(name)
    metadata = etree.fromstring(root["/Metadata"].get_data())
    said = dict.fromkeys(("part", "conformance"), "")
    for each in said:
        said[each] = metadata.findtext(f".//{{http://www.aiim.org/pdfa/ns/id/}}{each}")
    assert said == {"part": "3", "conformance": "B"}
    assert content.label in metadata.findtext(".//{http://purl.org/dc/elements/1.1/}title//{*}li")
    assert metadata.findtext(".//{http://ns.adobe.com/xap/1.0/}CreateDate") == "2026-11-21T00:00:00Z"
    assert root["/Lang"] == content.language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    intent = root["/OutputIntents"][0].get_object()
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_data()[16:20] == b"RGB "


def test_a_name_that_xml_cannot_hold_leaves_the_properties_readable() -> None:
    content = a_content(buyer=Party("A\x01 & <B> क\N{ZERO WIDTH JOINER}ष"))
    root: Any = PdfReader(BytesIO(render(content))).trailer["/Root"]
    metadata = etree.fromstring(root["/Metadata"].get_data())
    subject = metadata.findtext(".//{http://purl.org/dc/elements/1.1/}description//{*}li")
    assert subject == "A  & <B> क\N{ZERO WIDTH JOINER}ष"


def test_the_structure_has_a_heading_paragraphs_and_a_table_of_rows() -> None:
    root = catalogue("invoice")
    assert root["/MarkInfo"]["/Marked"]
    top = root["/StructTreeRoot"]["/K"].get_object()
    assert top["/S"] == "/Document"
    children = [each.get_object() for each in top["/K"]]
    assert children[0]["/S"] == "/H1"
    tables = [each for each in children if each["/S"] == "/Table"]
    rows = [row.get_object() for row in tables[0]["/K"]]
    assert [kid.get_object()["/S"] for kid in rows[0]["/K"]] == ["/TH"] * 4
    assert [kid.get_object()["/S"] for kid in rows[1]["/K"]] == ["/TD"] * 4


def test_every_mark_of_a_page_has_its_element() -> None:
    reader = PdfReader(BytesIO(render(invoice())))
    tree: Any = reader.trailer["/Root"]["/StructTreeRoot"]  # type: ignore[index]
    numbers = tree["/ParentTree"]["/Nums"]
    for at, page in enumerate(reader.pages):
        marks = page.get_contents().get_data().count(b"/MCID")  # type: ignore[union-attr]
        assert numbers[2 * at] == page["/StructParents"]
        assert len(numbers[2 * at + 1]) == marks


def test_an_american_issuers_paper_is_letter_and_others_a4() -> None:
    sizes = {}
    for name in ("receipt", "hindi"):
        box = PdfReader(BytesIO(render(DOCUMENTS[name]))).pages[0].mediabox
        sizes[name] = (float(box.width), float(box.height))
    assert sizes == {"receipt": (612.0, 792.0), "hindi": (595.28, 841.89)}


def test_the_payment_page_can_be_pressed() -> None:
    page = PdfReader(BytesIO(render(invoice()))).pages[0]
    links: list[Any] = [each.get_object() for each in page["/Annots"]]  # type: ignore[attr-defined]
    assert [(link["/A"]["/URI"], link["/F"]) for link in links] == [("https://invoice.example/i/acct_1", 4)]


@pytest.mark.parametrize("name", ["hindi", "european"])
def test_every_stream_ends_with_a_line_end_of_its_own(name: str) -> None:
    """ISO 19005-3, 6.1.7.1: the line end is not counted in the length."""
    pdf = render(DOCUMENTS[name])
    streams = list(re.finditer(rb"/Length (\d+)\b.*?>>\nstream\n", pdf, re.DOTALL))
    assert len(streams) == pdf.count(b"endstream")
    for stream in streams:
        assert pdf[stream.end() + int(stream[1]) :].startswith(b"\nendstream\n")

"""The document's structure for screen readers: headings, paragraphs, tables with their rows and cells.

What is drawn belongs to one `Element`, or to none: a rule, a page's number and a repeated heading are decoration.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFDocument,
    PDFName,
    PDFObjectReference,
    PDFPage,
    PDFString,
)

ELEMENT_PREFIX = "element-"
ROOT = "structure"


@dataclass(eq=False)
class Element:
    """One element: `role` is of PDF's standard ones (H1, P, Table, TR, TH, TD, Figure)."""

    role: str
    parent: Element | None = None
    alternative: str = ""
    """What a figure says to those who do not see it."""
    children: list[Element | tuple[int, int]] = field(default_factory=list)
    """Elements, or pairs of page and mark."""

    def add(self, role: str, *, alternative: str = "") -> Element:
        """A new last child."""
        child = Element(role, self, alternative)
        self.children.append(child)
        return child

    @property
    def is_empty(self) -> bool:
        """Nothing was drawn for it."""
        return all(isinstance(child, Element) and child.is_empty for child in self.children)


def write_structure(document: PDFDocument, top: Element, owners: list[list[Element]]) -> None:
    """Adds the tree to the document. `owners` are, page by page, the elements that own its marks, in their order."""
    names: dict[int, str] = {}
    elements = [each for each in _walk(top) if not each.is_empty]
    for number, element in enumerate(elements):
        names[id(element)] = f"{ELEMENT_PREFIX}{number}"
    tree = PDFDictionary({"Nums": PDFArray(_flat(owners, names))})
    root = PDFDictionary(
        {
            "Type": PDFName("StructTreeRoot"),
            "K": PDFObjectReference(names[id(top)]),
            "ParentTree": document.Reference(tree),
            "ParentTreeNextKey": len(owners),
        }
    )
    for element in elements:
        parent = PDFObjectReference(names[id(element.parent)] if element.parent else ROOT)
        document.Reference(_dictionary(document, element, parent, names), names[id(element)])
    document.Reference(root, ROOT)
    document.Catalog.StructTreeRoot = root
    document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
    for number, page in enumerate(document.Pages.pages):
        _mark_page(page, number)


def _dictionary(document: PDFDocument, element: Element, parent: object, names: dict[int, str]) -> PDFDictionary:
    kids: list[object] = []
    for child in element.children:
        if isinstance(child, Element):
            if not child.is_empty:
                kids.append(PDFObjectReference(names[id(child)]))
        else:
            page, mark = child
            where = document.Reference(document.Pages.pages[page])
            kids.append(PDFDictionary({"Type": PDFName("MCR"), "Pg": where, "MCID": mark}))
    entries = {"Type": PDFName("StructElem"), "S": PDFName(element.role), "P": parent, "K": PDFArray(kids)}
    if element.alternative:
        entries["Alt"] = PDFString(element.alternative)
    if element.role == "TH":
        entries["A"] = PDFDictionary({"O": PDFName("Table"), "Scope": PDFName("Column")})
    return PDFDictionary(entries)


def _walk(element: Element) -> list[Element]:
    return [
        element,
        *(each for child in element.children if isinstance(child, Element) for each in _walk(child)),
    ]


def _flat(owners: list[list[Element]], names: dict[int, str]) -> list[object]:
    flat: list[object] = []
    for page, elements in enumerate(owners):
        flat += [page, PDFArray([PDFObjectReference(names[id(each)]) for each in elements])]
    return flat


def _mark_page(page: PDFPage, number: int) -> None:
    page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]
    page.StructParents = number
    page.Tabs = PDFName("S")

"""Streams as PDF/A wants them: reportlab puts no line end before `endstream` (ISO 19005-3, 6.1.7.1)."""

from __future__ import annotations

from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFDocument, PDFStream, PDFZCompress

END = b"endstream\n"


class ArchiveStream(PDFStream):
    """A stream of these bytes, compressed unless it is to be read by programs that know no PDF."""

    def __init__(self, content: bytes, entries: dict[str, object] | None = None, *, compressed: bool = True) -> None:
        super().__init__(PDFDictionary(entries or {}), content, [PDFZCompress] if compressed else None)

    def format(self, document: PDFDocument) -> bytes:
        """The stream with its dictionary, as it stands in the file."""
        written: bytes = super().format(document)
        return written.removesuffix(END) + b"\n" + END

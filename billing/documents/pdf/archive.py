"""What makes the file one for the archive: PDF/A-3b (ISO 19005-3) with its title, language, colours and attachment.

The dates in it are the document's own, so that the file does not tell when it was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import md5
from importlib.resources import files
from xml.sax.saxutils import escape

from lxml import etree
from PIL import ImageCms
from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFString

from billing.documents.pdf.sheet import Sheet
from billing.documents.pdf.streams import ArchiveStream
from billing.documents.xml_text import xml_text

PRODUCER = "reportlab"
ATTACHMENT = "factur-x.xml"  # the name that the standard asks for
ATTACHMENT_MIME = "text#2Fxml"
PROFILE_DATE = b"".join(part.to_bytes(2) for part in (2000, 1, 1, 0, 0, 0))
PROFILE_DATE_AT = slice(24, 36)
EXTENSION = "xmp/Factur-X_extension_schema.xmp"
FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"


@dataclass(frozen=True, slots=True)
class Properties:
    """What the file says of itself. `fingerprint` makes its id."""

    title: str
    author: str
    subject: str
    language: str
    issued_on: date
    fingerprint: str


def complete(sheet: Sheet, properties: Properties, attachment: bytes | None) -> None:
    """Adds the properties, the colour space and the invoice's XML, if it has one."""
    _describe(sheet, properties)
    catalog = sheet._doc.Catalog
    catalog.__NoDefault__ = [*catalog.__NoDefault__, "OutputIntents", "AF"]
    metadata = _metadata(properties, has_attachment=attachment is not None)
    kind = {"Type": PDFName("Metadata"), "Subtype": PDFName("XML")}
    catalog.Metadata = ArchiveStream(metadata, kind, compressed=False)
    catalog.OutputIntents = PDFArray([sheet._doc.Reference(_output_intent(sheet))])
    if attachment is not None:
        file = sheet._doc.Reference(_file(sheet, attachment, properties))
        catalog.AF = PDFArray([file])
        names = PDFDictionary({"Names": PDFArray([PDFString(ATTACHMENT), file])})
        catalog.Names = PDFDictionary({"EmbeddedFiles": names})


def _describe(sheet: Sheet, properties: Properties) -> None:
    sheet.setTitle(properties.title)
    sheet.setAuthor(properties.author)
    sheet.setSubject(properties.subject)
    sheet.setCreator(PRODUCER)
    sheet.setProducer(PRODUCER)
    sheet.setDateFormatter(lambda *_now: f"D:{properties.issued_on:%Y%m%d}000000Z")
    sheet.setViewerPreference("DisplayDocTitle", "true")
    sheet._doc.signature = md5(properties.fingerprint.encode(), usedforsecurity=False)  # it begins with the time


def _output_intent(sheet: Sheet) -> PDFDictionary:
    profile = ArchiveStream(_srgb(), {"N": 3})
    return PDFDictionary(
        {
            "Type": PDFName("OutputIntent"),
            "S": PDFName("GTS_PDFA1"),
            "OutputConditionIdentifier": PDFString("sRGB IEC61966-2.1"),
            "Info": PDFString("sRGB IEC61966-2.1"),
            "RegistryName": PDFString("http://www.color.org"),
            "DestOutputProfile": sheet._doc.Reference(profile),
        }
    )


@lru_cache
def _srgb() -> bytes:
    """The sRGB profile as Little CMS makes it, but for the time that it would put in."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[PROFILE_DATE_AT] = PROFILE_DATE
    return bytes(profile)


def _file(sheet: Sheet, attachment: bytes, properties: Properties) -> PDFDictionary:
    """The XML as another form of the same document (ISO 19005-3, annex E; Factur-X 1.0, 6.2)."""
    checksum = md5(attachment, usedforsecurity=False).hexdigest()
    parameters = {
        "Size": len(attachment),
        "ModDate": PDFString(f"D:{properties.issued_on:%Y%m%d}000000Z"),
        "CheckSum": f"<{checksum}>",
    }
    entries = {"Type": PDFName("EmbeddedFile"), "Subtype": f"/{ATTACHMENT_MIME}", "Params": PDFDictionary(parameters)}
    stream = sheet._doc.Reference(ArchiveStream(attachment, entries))
    return PDFDictionary(
        {
            "Type": PDFName("Filespec"),
            "F": PDFString(ATTACHMENT),
            "UF": PDFString(ATTACHMENT),
            "AFRelationship": PDFName("Alternative"),
            "Desc": PDFString("Factur-X invoice"),
            "EF": PDFDictionary({"F": stream, "UF": stream}),
        }
    )


def _metadata(properties: Properties, *, has_attachment: bool) -> bytes:
    moment = f"{properties.issued_on:%Y-%m-%d}T00:00:00Z"
    texts = (properties.title, properties.author, properties.subject)
    title, author, subject = (escape(xml_text(text)) for text in texts)
    packet = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{properties.language}</rdf:li></rdf:Bag></dc:language>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<xmp:CreatorTool>{PRODUCER}</xmp:CreatorTool><pdf:Producer>{PRODUCER}</pdf:Producer>
</rdf:Description>
{_factur_x() if has_attachment else ""}
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
    return packet.encode()


@lru_cache
def _factur_x() -> str:
    """The properties of Factur-X with the schema that PDF/A wants for them, as the library brings them."""
    tree = etree.fromstring(files("facturx").joinpath(EXTENSION).read_bytes(), etree.XMLParser(remove_comments=True))
    for level in tree.iter(f"{{{FX}}}ConformanceLevel"):
        level.text = "EN 16931"
    return "\n".join(etree.tostring(each, encoding="unicode") for each in tree)

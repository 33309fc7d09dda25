"""Documents as PDF: `render` makes the same bytes of the same content, on any day and any machine with these packages.

A4, in the United States Letter. PDF/A-3b, tagged, with FiraGO embedded; where the issuer is in the European Union,
receipts, invoices and credit notes carry their Factur-X XML.
"""

from billing.documents.pdf.rendering import render

__all__ = ["render"]

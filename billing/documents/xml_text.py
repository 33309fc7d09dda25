"""Text that people wrote, as XML can hold it."""

from __future__ import annotations

import re

UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """The text with a space for every character that XML 1.0 does not allow (2.2, Char)."""
    return UNFIT.sub(" ", text).strip()

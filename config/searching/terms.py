"""What a person typed into the search box, and what it can be: so only look-ups that can answer it are asked."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cached_property

from organizations.selectors.finding import begun_words

LENGTH_MAX = 255
BIGGEST_KEY = 2**63 - 1
# Stripe's ids that the installation keeps somewhere, test clocks and secrets apart (docs.stripe.com/api).
STRIPE_ID = re.compile(
    r"(acct|ch|cs|cus|dp|du|evt|in|ii|il|pi|pm|po|prod|price|py|pyr|re|seti|si|src|sub|txn|we)_[A-Za-z0-9_]+", re.ASCII
)
LAST_FOUR = re.compile(r"(?:[*•.xX\s-]|ending(?: in)?\s)*([0-9]{4})", re.ASCII)
NUMBER = re.compile(r"(?:no\.?\s*|№\s*|#\s*)?([0-9]{1,19})", re.ASCII | re.IGNORECASE)
NUMBER_OF = re.compile(r"(.*?\S)\s+(?:no\.?\s*|№\s*|#\s*)?([0-9]{1,18})", re.IGNORECASE)
PHONE = re.compile(r"\+?[0-9][0-9 ().-]{5,22}[0-9]", re.ASCII)
LABEL = re.compile(r"[A-Za-z]{1,12}[\s/-]?[A-Za-z0-9-]*[0-9][A-Za-z0-9-]*", re.ASCII)


@dataclass(frozen=True)
class Term:
    """The term as it was typed, without what stands around it. Ids keep their case, addresses have none."""

    text: str

    @classmethod
    def of(cls, typed: str) -> Term:
        """The term in what was typed; NUL, which the database takes in no text, is left out."""
        return cls(" ".join(typed.replace("\0", "").split())[:LENGTH_MAX])

    @property
    def lower(self) -> str:
        """For what has no case."""
        return self.text.lower()

    @property
    def is_one_word(self) -> bool:
        """Whether it can be an identifier at all."""
        return bool(self.text) and " " not in self.text

    @property
    def is_stripe_id(self) -> bool:
        """Whether it is an id of an object at Stripe."""
        return STRIPE_ID.fullmatch(self.text) is not None

    @property
    def is_address(self) -> bool:
        """Whether it is an e-mail address, or the beginning of one."""
        return self.is_one_word and "@" in self.text

    @cached_property
    def uuid(self) -> uuid.UUID | None:
        """The reference that it is, with or without dashes."""
        try:
            return uuid.UUID(self.text) if len(self.text) in (32, 36) else None
        except ValueError:
            return None

    @cached_property
    def number(self) -> int | None:
        """The number that it is, with or without "No."."""
        match = NUMBER.fullmatch(self.text)
        value = int(match[1]) if match else None
        return value if value is not None and value <= BIGGEST_KEY else None

    def number_after(self, prefix: str) -> int | None:
        """The number of what is quoted on transfers, such as 12 of TU-000012."""
        head, tail = self.text[: len(prefix)], self.text[len(prefix) :]
        is_such = head.upper() == prefix and tail.isascii() and tail.isdecimal() and len(tail) < 19
        return int(tail) if is_such else None

    @cached_property
    def number_of(self) -> tuple[str, int] | None:
        """Whose transaction and its number, of a term such as "acme 123"."""
        match = NUMBER_OF.fullmatch(self.text)
        return (match[1], int(match[2])) if match else None

    @cached_property
    def last_four(self) -> str:
        """A card's last four digits, of 4242 or "•••• 4242"."""
        match = LAST_FOUR.fullmatch(self.text)
        return match[1] if match else ""

    @cached_property
    def phone(self) -> str:
        """A telephone number's digits, seven at least; an id of digits alone is one, too."""
        digits = re.sub(r"\D", "", self.text)
        return digits if PHONE.fullmatch(self.text) and len(digits) >= 7 else ""

    @cached_property
    def label(self) -> str:
        """A document's number without its dashes, or its beginning: INV20260214."""
        bare = re.sub(r"[\s/-]", "", self.text).upper()
        return bare if len(bare) >= 3 and LABEL.fullmatch(self.text) else ""

    @cached_property
    def words(self) -> str:
        """The words of a name for `to_tsquery`: each may be only begun."""
        return begun_words(self.text)

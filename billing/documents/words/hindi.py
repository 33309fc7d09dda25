"""Amounts in Hindi words, by lakh and crore: एक लाख अठारह हज़ार रुपये पचास पैसे मात्र."""

from __future__ import annotations

# Zero to ninety-nine: each has a word of its own.
NUMBERS = (  # noqa: SIM905
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस बीस "
    "इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस "
    "छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस "
    "अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ "
    "चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर "
    "अठहत्तर उन्यासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे "
    "बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
).split()
SCALES = ((10_000_000, "करोड़"), (100_000, "लाख"), (1_000, "हज़ार"), (100, "सौ"))
# Of one and of many, major and minor.
UNITS = {
    "INR": (("रुपया", "रुपये"), ("पैसा", "पैसे")),
    "RUB": (("रूबल", "रूबल"), ("कोपेक", "कोपेक")),
    "USD": (("अमेरिकी डॉलर", "अमेरिकी डॉलर"), ("सेंट", "सेंट")),
    "EUR": (("यूरो", "यूरो"), ("सेंट", "सेंट")),
    "GBP": (("पाउंड", "पाउंड"), ("पेनी", "पेंस")),
    "CREDIT": (("क्रेडिट", "क्रेडिट"), None),
}


def amount(major: int, minor: int, currency: str) -> str:
    """The amount, 'only' at its end. Empty for what it has no words for."""
    if currency not in UNITS:
        return ""
    units, parts = UNITS[currency]
    if minor and parts is None:
        return ""
    words = f"{number(major)} {units[major != 1]}"
    if minor and parts:
        words = f"{words} {number(minor)} {parts[minor != 1]}"
    return f"{words} मात्र"


def number(value: int) -> str:
    """A whole number in words, zero or more."""
    words = []
    for size, name in SCALES:
        if value >= size:
            words += [number(value // size), name]
            value %= size
    if value or not words:
        words.append(NUMBERS[value])
    return " ".join(words)

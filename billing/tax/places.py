"""Where an issuer or a buyer is, as far as taxes ask: country, and state or province."""

from __future__ import annotations

import re
from dataclasses import dataclass

GSTIN_STATE = re.compile(r"([0-9]{2})[0-9A-Z]{13}")
# The first two digits of a GSTIN, and the state's letters of ISO 3166-2.
STATES_OF_INDIA = {
    "01": "JK", "02": "HP", "03": "PB", "04": "CH", "05": "UK", "06": "HR", "07": "DL", "08": "RJ", "09": "UP",
    "10": "BR", "11": "SK", "12": "AR", "13": "NL", "14": "MN", "15": "MZ", "16": "TR", "17": "ML", "18": "AS",
    "19": "WB", "20": "JH", "21": "OD", "22": "CG", "23": "MP", "24": "GJ", "25": "DH", "26": "DH", "27": "MH",
    "28": "AP", "29": "KA", "30": "GA", "31": "LD", "32": "KL", "33": "TN", "34": "PY", "35": "AN", "36": "TS",
    "37": "AP", "38": "LA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """`country` is an ISO 3166 code in capitals, empty for unknown; `region` its state or province, or empty."""

    country: str
    region: str = ""


def place_of(country: str, region: str = "", tax_id: str = "") -> Place:
    """The place of somebody with this tax ID: in India the GSTIN says the state, whatever is written beside it."""
    if country == "IN" and (gstin := GSTIN_STATE.fullmatch(tax_id)):
        region = STATES_OF_INDIA.get(gstin[1], region)
    return Place(country, region)

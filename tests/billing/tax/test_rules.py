"""The rule that a sale falls under, by issuer, buyer and VAT number; and the rounding of what it comes to."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.documents.content import Tax
from billing.selectors.taxation import tax_lines
from billing.tax import Decision, Place, Rate, Scheme, Treatment, VatStanding, decide, place_of, tax_on

D = Decimal
VAT = Rate("VAT", D(19))
GST = (Rate("IGST", D(18), Scheme.IGST), Rate("CGST", D(9), Scheme.CGST), Rate("SGST", D(9), Scheme.SGST))
SALES = Rate("Sales tax", D("8.875"))
NOBODY = VatStanding()
BUSINESS = VatStanding("FR76823400106", True)
REFUSED = VatStanding("FR76823400106", False)
BERLIN, TEXAS, MOSCOW = Place("DE"), Place("US", "TX"), Place("RU")
KARNATAKA, MAHARASHTRA = Place("IN", "KA"), Place("IN", "MH")
T = Treatment


@pytest.mark.parametrize(
    ("issuer", "buyer", "vat", "rates", "treatment", "names"),
    [
        (BERLIN, Place("DE"), NOBODY, [VAT], T.DOMESTIC, ["VAT"]),
        (BERLIN, Place("DE"), VatStanding("DE314827053", True), [VAT], T.DOMESTIC, ["VAT"]),
        (BERLIN, Place("FR"), BUSINESS, [VAT], T.REVERSE_CHARGE, []),
        (BERLIN, Place("FR"), REFUSED, [VAT], T.EU_CONSUMER, ["VAT"]),
        (BERLIN, Place("GR"), NOBODY, [VAT], T.EU_CONSUMER, ["VAT"]),
        (BERLIN, Place("GB"), VatStanding("GB980780684", True), [VAT], T.EXPORT, []),
        (BERLIN, Place("CH"), NOBODY, [VAT], T.EXPORT, []),
        (BERLIN, Place("RU"), NOBODY, [VAT], T.EXPORT, []),
        (BERLIN, Place("IN", "KA"), NOBODY, GST, T.EXPORT, []),
        (TEXAS, Place("FR"), BUSINESS, [VAT], T.REVERSE_CHARGE, []),
        (TEXAS, Place("FR"), NOBODY, [VAT], T.EU_CONSUMER, ["VAT"]),
        (TEXAS, Place("FR"), NOBODY, [], T.UNTAXED, []),
        (TEXAS, Place("US", "NY"), NOBODY, [SALES], T.US_STATE, ["Sales tax"]),
        (TEXAS, Place("US", "OR"), NOBODY, [], T.UNTAXED, []),
        (MOSCOW, Place("US", "NY"), NOBODY, [SALES], T.US_STATE, ["Sales tax"]),
        (MOSCOW, Place("US", "OR"), NOBODY, [], T.EXPORT, []),
        (MOSCOW, Place("RU"), NOBODY, [Rate("VAT", D(22))], T.RUSSIA, ["VAT"]),
        (MOSCOW, Place("RU"), NOBODY, [], T.RUSSIA, []),
        (MOSCOW, Place("RU"), NOBODY, [Rate("VAT", D(0))], T.RUSSIA, []),
        (KARNATAKA, MAHARASHTRA, NOBODY, GST, T.IN_IGST, ["IGST"]),
        (KARNATAKA, KARNATAKA, NOBODY, GST, T.IN_CGST_SGST, ["CGST", "SGST"]),
        (KARNATAKA, Place("IN"), NOBODY, GST, T.IN_CGST_SGST, ["CGST", "SGST"]),
        (KARNATAKA, KARNATAKA, NOBODY, [], T.UNTAXED, []),
        (KARNATAKA, Place("US", "NY"), NOBODY, [], T.EXPORT, []),
        (BERLIN, Place(""), NOBODY, [VAT], T.UNKNOWN_PLACE, []),
        (None, Place("FR"), BUSINESS, [VAT], T.DOMESTIC, ["VAT"]),
        (None, Place("FR"), NOBODY, [], T.UNTAXED, []),
        (None, Place("IN"), NOBODY, GST, T.UNTAXED, []),
        (None, Place("US", "NY"), NOBODY, [SALES], T.US_STATE, ["Sales tax"]),
    ],
)
def test_the_rule_follows_from_where_both_are(
    issuer: Place | None, buyer: Place, vat: VatStanding, rates: list[Rate], treatment: Treatment, names: list[str]
) -> None:
    decision = decide(issuer, buyer, vat, rates)
    assert (decision.treatment, [name for name, _ in decision.rates]) == (treatment, names)


def test_an_indian_state_is_that_of_the_gstin() -> None:
    assert place_of("IN", "Karnataka", "27AAECS7734M1ZS") == MAHARASHTRA
    assert place_of("IN", "KA", "") == KARNATAKA
    assert place_of("IN", "KA", "99AAECS7734M1ZS") == KARNATAKA
    assert place_of("DE", "BE", "27AAECS7734M1ZS") == Place("DE", "BE")


def test_each_rate_is_rounded_once_half_up() -> None:
    decision = Decision(T.IN_CGST_SGST, (("CGST", D(9)), ("SGST", D(9))))
    assert tax_lines(decision, D("100.05")) == (  # 9.0045 each: 9.00 twice, though 18% would be 18.01
        Tax("CGST", D(9), D("100.05"), D("9.00")),
        Tax("SGST", D(9), D("100.05"), D("9.00")),
    )
    assert [tax_on(D(net), D("2.5")) for net in ("10.20", "10.19", "0.20", "0")] == [D("0.26"), D("0.25"), D("0.01"), 0]


amounts = st.decimals(D("0.01"), D("10000000"), places=2)
percents = st.decimals(D("0.0001"), D("99.9999"), places=4)


@given(amounts, st.lists(percents, min_size=1, max_size=4))
def test_what_is_due_is_never_off_by_more_than_half_a_cent_a_rate(net: D, given_percents: list[D]) -> None:
    decision = Decision(T.DOMESTIC, tuple((str(place), percent) for place, percent in enumerate(given_percents)))
    lines = tax_lines(decision, net)
    for line in lines:
        assert abs(line.amount - net * line.percent / 100) <= D("0.005")
        assert line.amount == line.amount.quantize(D("0.01"), ROUND_HALF_UP)
    exact = sum((net * percent / 100 for percent in given_percents), D(0))
    assert abs(sum((line.amount for line in lines), D(0)) - exact) <= D("0.005") * len(given_percents)


@given(amounts, amounts, percents)
def test_more_is_never_taxed_less(one: D, other: D, percent: D) -> None:
    assert tax_on(max(one, other), percent) >= tax_on(min(one, other), percent)

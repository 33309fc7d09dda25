"""How long a balance lasts: exact where it can be counted by hand, and laws that hold for every balance and pace."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from usage.forecast import Forecast, Funds, Lot, forecast

SUNDAY = date(2026, 3, 15)
WEEK = 7
WEEKEND_SHOP = tuple(Decimal(amount) for amount in (0, 0, 0, 0, 9, 6, 3))  # Friday to Sunday


def flat(amount: int) -> tuple[Decimal, ...]:
    return (Decimal(amount),) * WEEK


def lots(*amounts: int) -> Funds:
    return Funds(lots=tuple(Lot(Decimal(amount)) for amount in amounts))


def run(funds: Funds, pace: tuple[Decimal, ...] = flat(2), spent_today: int = 0) -> Forecast:
    return forecast(funds=funds, pace=pace, today=SUNDAY, spent_today=Decimal(spent_today))


def test_a_plain_balance_lasts_balance_by_pace() -> None:
    found = run(lots(10))
    assert found.ends_on == SUNDAY + timedelta(days=5)
    assert found.draws == (Decimal(2),) * 5
    assert found.left == tuple(Decimal(left) for left in (8, 6, 4, 2, 0))


def test_what_today_has_spent_is_not_expected_again() -> None:
    assert run(lots(10), spent_today=2).ends_on == SUNDAY + timedelta(days=6)
    assert run(lots(10), spent_today=50).draws[0] == 0


def test_a_weekend_shop_lasts_over_the_quiet_days() -> None:
    found = run(lots(12), WEEKEND_SHOP)
    # 3 on Sunday, nothing until Friday, which takes the other 9; Saturday is not covered.
    assert found.ends_on == date(2026, 3, 21)
    assert found.left == tuple(Decimal(left) for left in (9, 9, 9, 9, 9, 0))


def test_credit_that_expires_unspent_does_not_count() -> None:
    promo = Lot(Decimal(9), SUNDAY + timedelta(days=2), step=1)
    found = run(Funds(lots=(Lot(Decimal(4)), promo)))
    # Two days of the promo, 5 of it lost, then two days of paid money.
    assert (found.ends_on, found.lost, found.lost_on) == (
        SUNDAY + timedelta(days=4), Decimal(5), SUNDAY + timedelta(days=2),
    )  # fmt: skip


def test_credit_goes_by_priority_then_expiry_then_kind() -> None:
    soon, later = SUNDAY + timedelta(days=3), SUNDAY + timedelta(days=9)
    ordered = [
        Lot(Decimal(1), later, priority=1),
        Lot(Decimal(1), soon, priority=10, step=1),
        Lot(Decimal(1), later, priority=10, step=0),
        Lot(Decimal(1), later, priority=10, step=1),
        Lot(Decimal(1), None, priority=10, step=1),
        Lot(Decimal(1), None, priority=100, step=2),
    ]
    assert sorted([ordered[place] for place in (3, 0, 5, 2, 4, 1)], key=lambda lot: lot.order) == ordered


def test_an_allotment_comes_anew_and_nothing_of_it_is_carried_over() -> None:
    first, second = SUNDAY + timedelta(days=2), SUNDAY + timedelta(days=12)
    funds = Funds(
        lots=(Lot(Decimal(50), first, step=0), Lot(Decimal(4))),
        refill=Lot(Decimal(6), step=0),
        refill_days=(first, second),
    )
    found = run(funds)
    # 46 of the 50 are gone on the first date; 6 last three days, the paid 4 two more; the second date is too late.
    assert found.ends_on == SUNDAY + timedelta(days=7)
    assert found.lost == 0
    assert found.left[1:3] == (Decimal(50), Decimal(8))


def test_an_allotment_that_covers_the_pace_lasts_for_ever() -> None:
    days = tuple(SUNDAY + timedelta(days=28 * cycle) for cycle in range(1, 14))
    funds = Funds(lots=(Lot(Decimal(60), days[0], step=0),), refill=Lot(Decimal(60), step=0), refill_days=days)
    assert run(funds).ends_on is None
    assert run(replace(funds, refill=Lot(Decimal(55), step=0))).ends_on == SUNDAY + timedelta(days=28 + 27)


def test_no_day_takes_more_than_the_cap() -> None:
    found = run(replace(lots(11), cap=Decimal(3)), WEEKEND_SHOP)
    assert found.draws == tuple(Decimal(draw) for draw in (3, 0, 0, 0, 0, 3, 3))
    assert found.ends_on == date(2026, 3, 22)


def test_what_lies_below_the_floor_covers_no_day() -> None:
    assert run(replace(lots(10), floor=Decimal(3))).ends_on == SUNDAY + timedelta(days=3)
    assert run(replace(lots(10), floor=Decimal(3)), spent_today=2).left == tuple(
        Decimal(left) for left in (10, 8, 6, 4)
    )
    assert run(replace(lots(2), floor=Decimal(3)), flat(0)).ends_on == SUNDAY


def test_a_credit_limit_comes_last_and_debt_is_set_against_credit() -> None:
    assert run(replace(lots(4), beyond=Decimal(4))).ends_on == SUNDAY + timedelta(days=4)
    assert run(replace(lots(8), beyond=Decimal(-4))).ends_on == SUNDAY + timedelta(days=2)


def test_when_it_falls_below_a_threshold() -> None:
    assert run(lots(10)).falls_below(Decimal(5)) == 2
    assert run(lots(10)).falls_below(Decimal("0.5")) == 4
    assert run(lots(3)).falls_below(Decimal("0.5")) == 1  # the second day is not covered
    assert run(lots(10), flat(0)).falls_below(Decimal(5)) is None


amounts = st.decimals(min_value=0, max_value=500, places=2)
days = st.none() | st.integers(1, 60).map(lambda offset: SUNDAY + timedelta(days=offset))
any_lot = st.builds(Lot, amounts, days, st.sampled_from([1, 10, 100]), st.sampled_from([0, 1, 2]))
any_funds = st.builds(
    Funds,
    lots=st.lists(any_lot, max_size=5).map(tuple),
    beyond=st.decimals(min_value=-100, max_value=100, places=2),
    refill=st.builds(Lot, amounts, st.none(), st.just(10), st.just(0)),
    refill_days=st.lists(st.integers(1, 200), max_size=4, unique=True).map(
        lambda offsets: tuple(SUNDAY + timedelta(days=offset) for offset in sorted(offsets))
    ),
    cap=st.none() | st.decimals(min_value="0.01", max_value=50, places=2),
    floor=st.decimals(min_value=0, max_value=50, places=2),
)
paces = st.tuples(*[st.decimals(min_value=0, max_value=40, places=2)] * WEEK)
FOR_EVER = date.max


def end(funds: Funds, pace: tuple[Decimal, ...]) -> date:
    return run(funds, pace).ends_on or FOR_EVER


@settings(deadline=None)
@given(any_funds, paces, amounts, st.integers(0, 4))
def test_more_money_never_lasts_shorter(funds: Funds, pace: tuple[Decimal, ...], more: Decimal, which: int) -> None:
    assert end(replace(funds, beyond=funds.beyond + more), pace) >= end(funds, pace)
    if funds.lots:
        changed = list(funds.lots)
        lot = changed[which % len(changed)]
        changed[which % len(changed)] = replace(lot, amount=lot.amount + more)
        assert end(replace(funds, lots=tuple(changed)), pace) >= end(funds, pace)


@settings(deadline=None)
@given(any_funds, paces, paces)
def test_a_higher_pace_never_lasts_longer(funds: Funds, pace: tuple[Decimal, ...], more: tuple[Decimal, ...]) -> None:
    higher = tuple(amount + extra for amount, extra in zip(pace, more, strict=True))
    assert end(funds, higher) <= end(funds, pace)


@settings(deadline=None)
@given(any_funds, paces)
def test_no_more_is_drawn_than_there_is(funds: Funds, pace: tuple[Decimal, ...]) -> None:
    found = run(funds, pace)
    given_later = sum(funds.refill.amount for day in funds.refill_days) if funds.refill else Decimal(0)
    assert sum(found.draws) <= max(sum((lot.amount for lot in funds.lots), funds.beyond) + given_later, Decimal(0))
    assert all(left >= 0 for left, draw in zip(found.left, found.draws, strict=True) if draw)
    assert funds.cap is None or all(draw <= funds.cap for draw in found.draws)


@settings(deadline=None)
@given(any_funds, paces)
def test_credit_that_expires_is_never_counted_as_available(funds: Funds, pace: tuple[Decimal, ...]) -> None:
    endless = replace(funds, lots=tuple(replace(lot, until=None) if lot.step else lot for lot in funds.lots))
    assert end(funds, pace) <= end(endless, pace)

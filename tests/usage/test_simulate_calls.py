"""The traffic simulator speaks the contract, adds up to the cent, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from random import Random
from typing import Any

import msgspec
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from billing.models import Hold, Wallet
from organizations.models import Account, Product, ServiceKey
from usage.api.intake import read_events
from usage.models import UsageEvent
from usage.services.incoming import IncomingEvent
from usage.simulation.calls import calls
from usage.simulation.tally import Tally, money_lines, percentile
from usage.simulation.traffic import Traffic

SUMMARY = "The balances went down by exactly what was charged."


def simulate(**options: Any) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("simulate_calls", product="aipbx", rate=60, duration=0.5, stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize("slug", ["aipbx", "aitelier", "atllasx", "letustalk", "osmtalk"])
def test_a_simulated_call_is_a_well_formed_event_of_its_account(
    slug: str, make_account: Callable[..., Account]
) -> None:
    account = make_account(slug, external_id="acme", projects=[("main", "live")])
    upcoming = calls([account], Random(1))
    made = [next(upcoming) for _ in range(50)]

    bodies = msgspec.json.encode([call.event(timezone.now()) for call in made])
    items = read_events(bodies, now=timezone.now()).items

    events = [item for item in items if isinstance(item, IncomingEvent)]
    assert len(events) == 50
    assert {(event.subject, event.event_type) for event in events} == {("acme", "call.completed")}
    assert all("@" in call.call_id for call in made)
    assert len({call.call_id for call in made}) == 50
    assert all({"caller", "assistant"} <= call.data.keys() for call in made)


def test_what_a_call_reports_follows_from_the_rate_card(make_account: Callable[..., Account]) -> None:
    reported: dict[str, set[str]] = {}
    for slug in ("aipbx", "aitelier", "letustalk"):
        upcoming = calls([make_account(slug)], Random(1))
        reported[slug] = set().union(*(next(upcoming).data for _ in range(100)))

    assert "provider_costs" in reported["letustalk"]
    assert "provider_costs" not in reported["aipbx"] | reported["aitelier"]
    assert {"tier", "goal_reached", "user_turns"} <= reported["aitelier"]
    assert "tier" not in reported["aipbx"]
    assert {"model", "audio_input_seconds", "stt_seconds"} <= reported["aipbx"]


@pytest.mark.django_db(transaction=True)
def test_a_run_charges_exactly_what_it_says_and_leaves_no_hold_and_no_key(
    make_account: Callable[..., Account], live_server: Any
) -> None:
    account = make_account("aipbx", external_id="acme", paid="100")

    printed = simulate(account="acme", base_url=live_server.url)

    total = sum((event.total.amount for event in UsageEvent.objects.all()), Decimal(0))
    wallet = Wallet.objects.get(account=account)
    assert total > 0
    assert wallet.paid.amount == 100 - total
    assert f"Charged {total:.6f} USD" in printed
    assert SUMMARY in printed
    assert wallet.held.amount == 0
    assert not Hold.objects.filter(status="active").exists()
    assert list(ServiceKey.objects.values_list("name", "revoked")) == [("simulate_calls", True)]


@pytest.mark.django_db(transaction=True)
def test_without_money_every_call_is_denied_and_nothing_is_charged(
    make_account: Callable[..., Account], live_server: Any
) -> None:
    make_account("aipbx", external_id="acme")

    printed = simulate(account="acme", base_url=live_server.url)

    assert "denied: insufficient_balance" in printed
    assert "Charged 0 in 0 calls." in printed
    assert not UsageEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_run_sums_up_what_it_did_and_lets_go_of_its_calls(
    make_account: Callable[..., Account], live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account("aipbx", external_id="acme", paid="100")

    async def authorize_and_break_off(traffic: Traffic, *_: object) -> None:
        call = next(traffic.calls)
        assert await traffic._authorize(call)
        raise KeyboardInterrupt

    monkeypatch.setattr(Traffic, "run", authorize_and_break_off)
    printed = simulate(account="acme", base_url=live_server.url)

    assert "Interrupted. So far:" in printed
    assert SUMMARY in printed
    assert list(Hold.objects.values_list("status", flat=True)) == ["released"]
    assert ServiceKey.objects.get().revoked


def test_a_server_that_does_not_answer_is_one_line_and_the_key_dies(make_account: Callable[..., Account]) -> None:
    make_account("aipbx", external_id="acme")

    with pytest.raises(CommandError, match=r"^http://127\.0\.0\.1:9/api/v1/ does not answer: .+\.$") as caught:
        simulate(account="acme", base_url="http://127.0.0.1:9")

    assert caught.value.returncode == 1
    assert ServiceKey.objects.get().revoked


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--product", "nope", "--rate", "1", "--duration", "1"], "product: 'nope' is unknown."),
        (["--product", "aipbx", "--rate", "0", "--duration", "1"], "argument --rate: '0' is no number above 0"),
        (["--product", "aipbx", "--rate", "nan", "--duration", "1"], "argument --rate: 'nan' is no number above 0"),
        (["--product", "aipbx", "--rate", "1"], "the following arguments are required: --duration"),
        (
            ["--product", "aipbx", "--rate", "1", "--duration", "1", "--concurrency", "1.5"],
            "argument --concurrency: '1.5' is no whole number",
        ),
        (
            ["--product", "aipbx", "--rate", "1", "--duration", "1", "--base-url", "ftp://here"],
            "argument --base-url: 'ftp://here' is no address",
        ),
        (
            ["--product", "aipbx", "--rate", "1", "--duration", "1", "--account", "nobody"],
            "account: aipbx has no account 'nobody' with a project.",
        ),
        (["--product", "aipbx", "--rate", "1", "--duration", "1"], "account: aipbx has no demo accounts here."),
    ],
)
def test_bad_arguments_are_one_line_and_exit_code_2(
    arguments: list[str], line: str, products: dict[str, Product]
) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("simulate_calls", *arguments)

    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert caught.value.returncode == 2
    assert not ServiceKey.objects.exists()


def result(status: str, total: str, *, simulated: bool = False) -> dict[str, Any]:
    """One event's answer."""
    return {"status": status, "simulated": simulated, "charge": {"total": total, "currency": "USD", "lines": []}}


def test_duplicates_and_simulated_charges_move_no_money_in_the_sum() -> None:
    tally = Tally()
    for answer in (result("accepted", "0.046000"), result("duplicate", "0.046000")):
        tally.count_event(answer)
    tally.count_event(result("accepted", "0.100000", simulated=True))
    tally.count_event({"status": "rejected", "error": {"code": "price_on_request"}})

    assert tally.charged == Decimal("0.046")
    assert tally.simulated == Decimal("0.1")
    assert tally.rejections == {"price_on_request": 1}
    assert dict(tally.calls) == {"accepted": 2, "charged": 2, "duplicate": 1, "rejected": 1}


def test_a_difference_between_charges_and_balances_is_said() -> None:
    tally = Tally(charged=Decimal("0.046"), currency="USD")

    lines = money_lines(tally, {"acme": Decimal(10)}, {"acme": Decimal("9.9")})

    assert lines[-1] == "The balances went down by 0.1: 0.054 of it was not charged by answers to this run."


@pytest.mark.parametrize(("percent", "expected"), [(50, 51.0), (95, 96.0), (99, 100.0)])
def test_percentiles_are_of_all_latencies(percent: int, expected: float) -> None:
    assert percentile([float(ms) for ms in range(100, 0, -1)], percent) == expected
    assert percentile([], percent) == 0.0

"""Saving the rule: what is refused and in which words, what turning it on and off means, and what a page foretells."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.models import AutoTopUp, Wallet, WalletMode
from billing.selectors.auto_top_up import amount_to_add, preview
from billing.services import auto_top_up
from tests.billing.auto.rules import (
    DECLINING,
    armed_below,
    attempt,
    balance,
    banner,
    cool_down,
    rule_of,
    set_rule,
    standing,
    with_card,
)
from tests.factories import make_member

if TYPE_CHECKING:
    from organizations.models import Account
    from tests.billing.conftest import StripeWorld

D = Decimal


@pytest.mark.parametrize(
    ("product", "given", "field", "words"),
    [
        ("aitelier", {"threshold": "0"}, "threshold", "Enter an amount above zero."),
        ("aitelier", {"threshold": "NaN"}, "threshold", "Enter an amount above zero."),
        ("aitelier", {"amount": "19.99"}, "amount", "The smallest top-up is $20.00."),
        ("aitelier", {"amount": "100000.01"}, "amount", "The largest top-up is $100,000.00 at once."),
        ("aitelier", {"amount": "50.001"}, "amount", "Enter an amount without fractions of a cent."),
        ("aitelier", {"ceiling": "49.99"}, "monthly_ceiling", "The ceiling must leave room for one top-up at least."),
        ("aitelier", {"ceiling": "-1"}, "monthly_ceiling", "Enter an amount above zero."),
        ("atllasx", {"amount": "100.5"}, "amount", "Credits are whole."),
        ("atllasx", {"threshold": "1.5", "amount": "100"}, "threshold", "Credits are whole."),
        ("atllasx", {"amount": "49"}, "amount", "The smallest top-up is 50 credits."),
    ],
)
def test_a_rule_that_could_not_work_is_refused_at_its_field(
    stripe: StripeWorld,
    make_account: Callable[..., Account],
    product: str,
    given: dict[str, str],
    field: str,
    words: str,
) -> None:
    account = make_account(product)
    with pytest.raises(ValidationError) as refused:
        set_rule(account, **given)  # type: ignore[arg-type]
    assert refused.value.message_dict == {field: [words]}
    assert not AutoTopUp.objects.exists()


@pytest.mark.parametrize("product", ["aipbx", "letustalk", "osmtalk"])
def test_products_that_do_not_offer_it_take_no_rule(
    stripe: StripeWorld, make_account: Callable[..., Account], product: str
) -> None:
    with pytest.raises(ValidationError, match="Automatic top-up is not offered"):
        set_rule(make_account(product), amount="500")


def test_a_rule_without_anything_to_charge_cards_with_is_refused_as_a_whole(
    stripe: StripeWorld, account: Account, settings: Any
) -> None:
    settings.STRIPE_TEST_SECRET_KEY = ""
    with pytest.raises(ValidationError, match="This way to pay is not available") as refused:
        set_rule(account)
    assert not hasattr(refused.value, "error_dict")


def test_an_account_that_pays_by_invoice_takes_no_rule(stripe: StripeWorld, account: Account) -> None:
    Wallet.objects.filter(account=account).update(mode=WalletMode.POSTPAY)
    with pytest.raises(ValidationError, match="pays by invoice"):
        set_rule(account)


def test_turning_it_on_is_an_agreement_that_is_kept(stripe: StripeWorld, account: Account) -> None:
    member = make_member(account)
    before = timezone.now()
    rule = auto_top_up.save_rule(
        wallet_id=account.wallet.pk,
        threshold=D(20),
        amount=D(50),
        monthly_ceiling=None,
        is_on=True,
        user_id=member.pk,
    )
    assert rule.agreed_by == member
    assert rule.agreed_at is not None and rule.agreed_at >= before
    other = make_member(account)
    again = auto_top_up.save_rule(
        wallet_id=account.wallet.pk, threshold=D(9), amount=D(50), monthly_ceiling=None, is_on=True, user_id=other.pk
    )
    assert (again.agreed_by, again.agreed_at) == (member, rule.agreed_at)


def test_a_rule_can_be_turned_off_whatever_its_amount_is_worth_today(stripe: StripeWorld, account: Account) -> None:
    set_rule(account)
    terms = account.product.top_up_terms
    terms.minimum = D(60)
    terms.save()
    set_rule(account, is_on=False)
    assert (standing(account), armed_below(account)) == (("off", 0), None)
    with pytest.raises(ValidationError):
        set_rule(account)


def test_turning_it_off_puts_its_banner_away(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    assert banner(account) is not None
    assert auto_top_up.turn_off(wallet_id=account.wallet.pk)
    assert not auto_top_up.turn_off(wallet_id=account.wallet.pk)
    assert (banner(account), standing(account), armed_below(account)) == (None, ("off", 0), None)
    assert attempt(account) is None


def test_a_disabled_rule_that_is_turned_on_anew_has_three_failures_again(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    for _ in range(3):
        attempt(account)
        cool_down(account)
    set_rule(account)
    assert (standing(account), banner(account), armed_below(account)) == (("on", 0), None, D(20))
    attempt(account)
    assert standing(account) == ("cooling", 1)


def test_a_change_during_the_pause_does_not_end_it(stripe: StripeWorld, account: Account) -> None:
    with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    until = rule_of(account).next_attempt_at
    set_rule(account, amount="60")
    assert (standing(account), rule_of(account).next_attempt_at) == (("cooling", 1), until)
    assert attempt(account) is None


def test_a_pause_ends_when_the_balance_was_mended_by_hand(
    stripe: StripeWorld, make_account: Callable[..., Account], account: Account
) -> None:
    from billing.services.credits import adjust

    with_card(stripe, account, DECLINING)
    set_rule(account)
    attempt(account)
    adjust(wallet_id=account.wallet.pk, amount=D(40), reason="Paid by cheque", actor_id=None, key="cheque")
    cool_down(account)
    assert auto_top_up.attempt_due() == 0
    assert (standing(account), armed_below(account), balance(account)) == (("on", 1), D(20), D(43))


def test_the_page_foretells_what_turning_it_on_charges_at_once(stripe: StripeWorld, account: Account) -> None:
    card = with_card(stripe, account)

    def ahead(**given: str) -> object:
        wanted = {"threshold": "20", "amount": "50", **given}
        ceiling = wanted.get("ceiling")
        seen = preview(
            wallet=Wallet.objects.get(account=account),
            threshold=D(wanted["threshold"]),
            amount=D(wanted["amount"]),
            monthly_ceiling=D(ceiling) if ceiling else None,
            at=timezone.now(),
        )
        assert (seen.card, seen.balance) == (card, balance(account))
        return seen.charges_now, seen.amount_now, seen.quote and seen.quote.total, seen.left_this_month

    assert ahead() == (True, D(50), D(50), None)
    assert ahead(threshold="3") == (False, D(0), None, None)
    assert ahead(threshold="200", ceiling="120") == (True, D(100), D(100), D(120))
    set_rule(account)
    attempt(account)
    assert ahead(threshold="60", ceiling="90") == (False, D(0), None, D(40))


@pytest.mark.parametrize(
    ("balance", "most", "added"),
    [("19.999999", "1000", "50"), ("20", "1000", "50"), ("-30", "1000", "50"), ("-30.000001", "1000", "100")],
)
def test_the_gap_is_closed_to_the_last_millionth(balance: str, most: str, added: str) -> None:
    assert amount_to_add(balance=D(balance), threshold=D(20), amount=D(50), most=D(most)) == D(added)


@pytest.mark.parametrize(("most", "added"), [("149.99", "100"), ("50", "50"), ("49.99", "0"), ("0", "0"), ("-10", "0")])
def test_never_more_than_fits(most: str, added: str) -> None:
    assert amount_to_add(balance=D(-500), threshold=D(20), amount=D(50), most=D(most)) == D(added)

"""What rows keep in English is read in the reader's language; what somebody typed stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from billing.models import Transaction
from billing.templatetags.stored import said
from organizations.models import Account, Role
from tests.billing.refunds.paid import pay_by_bank
from tests.factories import make_member


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("Welcome bonus", "Приветственный бонус"),
        ("Top-up (Stripe)", "Пополнение (Stripe)"),
        ("Top-up (bank transfer)", "Пополнение (банковский перевод)"),
        ("Automatic top-up (Visa ending 4242)", "Автопополнение (Visa, •••• 4242)"),
        ("Visa ending 4242", "Visa, •••• 4242"),
        ("Coupon AGENCY-25", "Купон AGENCY-25"),
        ("Reversal of no. 12", "Отмена операции № 12"),
        ("Voice input, STT · Analytics", "Голос на входе, STT · Аналитика"),
        ("Voice input, STT · Own line", "Голос на входе, STT · Own line"),
        ("The customer was never called", "The customer was never called"),
        ("100% (of %s) {x}", "100% (of %s) {x}"),
        ("", ""),
        (None, ""),
    ],
)
def test_known_words_are_translated_part_by_part(stored: str | None, words: str) -> None:
    with translation.override("ru"):
        assert said(stored) == words
    assert said(stored) == (stored or "")


def test_the_ledger_keeps_english_whoever_pays_and_history_reads_it_in_each_language(
    make_account: Callable[..., Account],
) -> None:
    account = make_account("aipbx")
    with translation.override("ru"):
        pay_by_bank(account, "50")
    kept = Transaction.objects.get(wallet=account.wallet, amount=Decimal(50))
    assert kept.description == "Top-up (bank transfer)"
    client = Client()
    client.force_login(make_member(account, Role.OWNER, language="ru"))
    page = client.get("/billing/history/").content.decode()
    assert "Пополнение (банковский перевод)" in page
    assert "Top-up (" not in page

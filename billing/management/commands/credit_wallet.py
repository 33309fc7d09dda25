"""`manage.py credit_wallet <product> <account> <amount> --kind paid|promo --reason …`: money given by an operator."""

from __future__ import annotations

import re
import uuid
from argparse import ArgumentParser
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.models import GrantKind, TransactionKind, Wallet
from billing.services.alone import COMMAND, SecondPersonNeededError, check_command
from billing.services.credits import credit
from organizations.management.operator import OperatorCommand, mistake, moment

# Plain digits only: no sign, exponent, separator, NaN or digits of another script. Six decimals is the ledger's scale.
AMOUNT = re.compile(r"\d{1,14}(\.\d{1,6})?", re.ASCII)
CREDITS = re.compile(r"\d{1,14}", re.ASCII)


class Command(OperatorCommand):
    """One transaction, once per `--key`; prints the new balance."""

    help = "Credit a wallet. Give the same --key again, and nothing happens twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose wallet, how much, which kind of money, and why."""
        parser.add_argument("product")
        parser.add_argument("account", help="The account's identifier, as its service knows it.")
        parser.add_argument("amount", help="In the product's currency, such as 25 or 12.50.")
        parser.add_argument("--kind", required=True, choices=["paid", "promo"])
        parser.add_argument("--reason", required=True, help="Kept with the transaction.")
        parser.add_argument("--key", default="", help="Makes the credit happen once. Default: a new one.")
        parser.add_argument("--expires-on", type=moment, help="Promo only: a day or a moment. Default: never.")

    def handle(
        self, *, product: str, account: str, amount: str, kind: str, reason: str, key: str, **options: Any
    ) -> None:
        """Raises CommandError (exit code 2) for whatever is wrong, with nothing written."""
        expires_at: datetime | None = options["expires_on"]
        wallet = Wallet.objects.filter(account__product__slug=product, account__external_id=account).first()
        if wallet is None:
            raise mistake(f"account: product {product!r} has no account {account!r} with a wallet.")
        if not reason.strip() or len(reason) > 255:
            raise mistake("reason: say why the wallet is credited, in at most 255 characters.")
        if len(key) > 100:
            raise mistake("key: at most 100 characters.")
        given, once = parse_amount(amount, wallet.currency), f"{COMMAND}{key or uuid.uuid4()}"
        with transaction.atomic():
            try:
                check_command(wallet_id=wallet.pk, amount=given, key=once)
            except SecondPersonNeededError as needed:
                raise mistake(f"amount: {needed.messages[0]} Adjust the balance in the back office instead.") from None
            number = credit(
                wallet_id=wallet.pk,
                kind=GrantKind(kind),
                amount=given,
                key=once,
                transaction_kind=TransactionKind.PROMO if kind == "promo" else TransactionKind.CREDIT,
                description="Promo credit" if kind == "promo" else "Credit",
                reason=reason.strip(),
                expires_at=expires_at,
            )
        wallet.refresh_from_db()
        balance = wallet.paid + wallet.promo + wallet.allotment - wallet.debt
        done = f"Transaction {number}." if number else f"Key {key!r} was used before: nothing changed."
        self.stdout.write(f"{done} Balance: {balance.amount:f} {wallet.currency}")


def parse_amount(text: str, currency: str) -> Decimal:
    """The amount, exactly as written. Raises CommandError unless it is plain, above zero and fine enough."""
    pattern, rule = (CREDITS, "whole credits") if currency == "CREDIT" else (AMOUNT, "at most six decimals")
    if not pattern.fullmatch(text) or not Decimal(text):
        raise mistake(f"amount: {text!r} is not an amount: plain digits above zero, {rule}.")
    return Decimal(text)

"""What a wallet's ledger accounts had turned over by the end of a day, so that any day's balances are quickly told.

A row sums the wallet's transactions numbered up to `last_number`, all of which were made before the day (of UTC) was
over. A wallet has a row for the days on which it moved and for no others; rows are only added (statement triggers,
`0021_reports`), and `verify_ledger` compares them with the transfers.
"""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models

from billing.models.ledger import LedgerAccountKind
from billing.models.wallet import Wallet
from organizations.fields import currency_field


def _sums() -> ArrayField[list[Decimal], list[Decimal]]:
    return ArrayField(
        models.DecimalField(max_digits=20, decimal_places=6),
        help_text="In the row's currency, at the place of the ledger account's kind, the first being 1.",
    )


class LedgerDay(models.Model):
    """One wallet's ledger accounts at the end of a day: all debits and all credits since the wallet was opened."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    currency = currency_field()
    day = models.DateField(help_text="UTC.")
    last_number = models.BigIntegerField(help_text="The wallet's last transaction that is in the sums.")
    debits = _sums()
    credits = _sums()

    class Meta:
        verbose_name = "ledger day"
        constraints = [models.UniqueConstraint(fields=["wallet", "day"], name="ledger_day_once")]
        permissions = [
            ("view_reports", "Can see and download reports"),
            ("export_lists", "Can download lists, customers' names and addresses among them"),
        ]

    def __str__(self) -> str:
        return f"{self.day}, up to No. {self.last_number}"

    def balance(self, kind: LedgerAccountKind) -> Decimal:
        """Credits less debits of one ledger account."""
        return self.credits[kind - 1] - self.debits[kind - 1]

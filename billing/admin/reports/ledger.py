"""Trial balance and liabilities, as of any moment."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billing.admin.reports.asked import AsOfForm
from billing.admin.reports.page import AccountReportForm, ReportForm, ReportView, row_url
from billing.admin.reports.table import Field, Line, Linked, Report, Table, by_currency, column_sum
from billing.models import LedgerAccount, Wallet
from billing.selectors.reports import balances
from organizations.admin.amounts import currency_words
from organizations.admin.panels import list_url
from organizations.models import Account

ZERO = Decimal(0)


class TrialBalanceForm(AsOfForm, ReportForm):
    """Of which products, and when."""

    @property
    def name_parts(self) -> list[str]:
        """With the moment."""
        return [*super().name_parts, self.stamp]


class LiabilitiesForm(AsOfForm, AccountReportForm):
    """Of whom, and when."""

    @property
    def name_parts(self) -> list[str]:
        """With the moment."""
        return [*super().name_parts, self.stamp]


class TrialBalanceView(ReportView):
    """Debits and credits of every kind of ledger account."""

    title = "Trial balance"
    intro = (
        "Everything that was ever debited and credited to the ledger's accounts up to a moment, by product and "
        "currency. Debits and credits are equal, and so the balances add up to zero."
    )
    form_class = TrialBalanceForm
    fields = (
        Field("product", "Product"),
        Field("ledger_account", "Ledger account"),
        Field("debit", "Debit", "amount"),
        Field("credit", "Credit", "amount"),
        Field("balance", "Balance (credit less debit)", "amount"),
    )

    def build(self, form: TrialBalanceForm) -> Report:
        """One table for each product, with its currency."""
        product = form.cleaned_data["product"]
        found = balances.trial_balance(form.before, product_ids=[product.pk] if product else None)
        tables = []
        for name, currency in dict.fromkeys((one.product, one.currency) for one in found):
            lines = [
                Line((one.product, _account_link(one), one.debit, one.credit, one.balance), currency)
                for one in found
                if (one.product, one.currency) == (name, currency)
            ]
            total = ["Total", "", *(column_sum(lines, place) for place in (2, 3, 4))]
            off = total[-1] != ZERO
            note = "Debits and credits differ: run a ledger check at once, and look at its findings." if off else ""
            tables.append(Table(f"{name}, {currency_words(currency)}", currency, self.fields, lines, total, note))
        return Report(
            "trial-balance",
            f"As of {form.words}. Every transfer that was made before that moment is in it, by its own time.",
            tables,
            empty="No money had moved by then.",
        )


class LiabilitiesView(ReportView):
    """What customers have not spent, and what they owe."""

    title = "Liabilities"
    intro = (
        "What customers had unspent at a moment: paid money, which is owed to them in calls or back, promo and "
        "allotments, which are owed in calls only; and what customers owed, of calls beyond their balance and of "
        "invoices."
    )
    form_class = LiabilitiesForm
    fields = (
        Field("product", "Product"),
        Field("account", "Account"),
        Field("account_id", "Identifier"),
        Field("paid", "Unspent paid", "amount"),
        Field("promo", "Unspent promo", "amount"),
        Field("allotment", "Unspent allotment", "amount"),
        Field("owed", "Owed by the customer", "amount"),
        Field("balance", "Balance", "amount"),
    )
    summary = (Field("product", "Product"), Field("accounts", "Accounts", "count"), *fields[3:])

    def build(self, form: LiabilitiesForm) -> Report:
        """A table of products and one of accounts for each currency."""
        product, account = form.cleaned_data["product"], form.cleaned_data["account"]
        found = balances.liabilities(
            form.before,
            product_ids=[product.pk] if product else None,
            account_id=account.pk if account else None,
        )
        found.sort(key=lambda one: (one.currency, one.product, -(one.paid + one.promo + one.allotment), one.account_id))
        tables = by_currency(
            [Line(_liability(one), one.currency) for one in found],
            self.fields,
            total=lambda lines: ["Total", "", "", *(column_sum(lines, place) for place in range(3, 8))],
            title="By account",
            sheet="By account",
        )
        return Report(
            "liabilities",
            f"As of {form.words}. An account with nothing unspent and nothing owed is left out.",
            [*self._by_product(found), *tables],
            empty="No customer had anything unspent or owed by then.",
        )

    def _by_product(self, found: Sequence[balances.Liability]) -> list[Table]:
        lines = []
        for name, currency in dict.fromkeys((one.product, one.currency) for one in found):
            of = [one for one in found if (one.product, one.currency) == (name, currency)]
            sums = [sum(amounts, ZERO) for amounts in zip(*map(_amounts, of), strict=True)]
            lines.append(Line((name, len(of), *sums), currency))
        return by_currency(
            lines,
            self.summary,
            total=lambda rows: ["Total", *(column_sum(rows, place) for place in range(1, 7))],
            title="By product",
            sheet="By product",
        )


def _account_link(line: balances.LedgerLine) -> Linked:
    label = line.kind.label
    return Linked(label, list_url(LedgerAccount, kind__exact=line.kind.value))


def _liability(one: balances.Liability) -> tuple[Any, ...]:
    account = Linked(one.account, row_url(Account, one.account_id))
    wallet = Linked(one.external_id, row_url(Wallet, one.wallet_id))
    return one.product, account, wallet, *_amounts(one)


def _amounts(one: balances.Liability) -> tuple[Decimal, ...]:
    return one.paid, one.promo, one.allotment, one.owed, one.paid + one.promo + one.allotment - one.owed

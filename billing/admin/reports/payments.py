"""Payments against the ledger, and how old postpay invoices are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget

from billing.admin.reports.asked import AsOfForm, PeriodForm
from billing.admin.reports.page import AccountReportForm, ReportForm, ReportView, row_url
from billing.admin.reports.table import Field, Line, Linked, Report, Table, by_currency, column_sum
from billing.models import BillingPeriod, DifferenceKind, PaymentDifference, PaymentProvider
from billing.selectors.reports import ageing, differences
from billing.services.ledger_days import end_of
from organizations.admin.panels import list_url
from organizations.models import Account

ALL = "All providers"


class ReconciliationForm(PeriodForm, ReportForm):
    """Of which provider, and of which days."""

    provider = forms.ChoiceField(
        choices=[("", ALL), *PaymentProvider.choices], required=False, widget=UnfoldAdminSelectWidget
    )

    @property
    def name_parts(self) -> list[str]:
        """With provider and days."""
        data = self.cleaned_data
        provider = [data["provider"]] if data["provider"] else []
        return [*super().name_parts, *provider, f"{data['first_day']}", f"{data['last_day']}"]


class ReconciliationView(ReportView):
    """Do the providers' books and ours agree."""

    title = "Reconciliation"
    intro = (
        "Payments as they were recorded against what the ledger booked for them, by month and provider; and where a "
        "provider's own books and ours disagree, how long already and how it was explained."
    )
    permission_required = ("billing.view_reports", "billing.view_paymentdifference")
    form_class = ReconciliationForm
    booked = (
        Field("month", "Month (UTC)"),
        Field("provider", "Provider"),
        Field("payments", "Payments", "count"),
        Field("recorded", "Recorded", "amount"),
        Field("transactions", "In the ledger", "count"),
        Field("booked", "Booked", "amount"),
        Field("difference", "Difference", "amount"),
    )
    counts = (
        Field("month", "First seen (UTC)"),
        Field("provider", "Provider"),
        Field("kind", "Difference"),
        Field("open", "Open", "count"),
        Field("explained", "Explained", "count"),
        Field("gone", "Gone by itself", "count"),
    )
    listed = (
        Field("difference", "Difference"),
        Field("provider", "Provider"),
        Field("reference", "Reference"),
        Field("account", "Account"),
        Field("expected", "Expected"),
        Field("found", "Found"),
        Field("first_seen", "First seen (UTC)"),
        Field("days_open", "Days open", "count"),
        Field("state", "State"),
        Field("explanation", "Explanation"),
    )

    def build(self, form: ReconciliationForm) -> Report:
        """Payments against the ledger, differences by month, and one by one."""
        data = form.cleaned_data
        first = datetime.combine(data["first_day"], datetime.min.time(), UTC)
        asked: dict[str, Any] = {
            "product_id": data["product"].pk if data["product"] else None,
            "provider": data["provider"],
        }
        before = end_of(data["last_day"])
        tables = by_currency(
            [_month(one) for one in differences.payments_by_month(first, before, **asked)],
            self.booked,
            total=lambda lines: ["Total", "", *(column_sum(lines, place) for place in range(2, 7))],
            title="Payments and the ledger",
            sheet="Payments and the ledger",
        )
        found = differences.differences(first, before, **asked)
        if months := differences.differences_by_month(found):
            lines = [Line(_counts(one), "") for one in months]
            total = ["Total", "", "", *(int(column_sum(lines, place)) for place in (3, 4, 5))]
            tables.append(Table("Differences by month", "", self.counts, lines, total, sheet="Differences by month"))
            each = by_currency([_difference(one) for one in found[:50_001]], self.listed)
            tables.append(Table("Differences, the oldest first", "", self.listed, each[0].lines, sheet="Differences"))
        return Report(
            "reconciliation",
            f"Payments booked from {data['first_day']} to {data['last_day']} (UTC), without those for subscriptions, "
            "which buy calls and no balance. Differences first seen in these days, and every older one still open.",
            tables,
            empty="No payments and no differences in these days.",
        )


class AgeingForm(AsOfForm, AccountReportForm):
    """Of whom, and when."""

    @property
    def name_parts(self) -> list[str]:
        """With the moment."""
        return [*super().name_parts, self.stamp]


class AgeingView(ReportView):
    """What customers who pay by invoice owe, by how late it is."""

    title = "Postpay ageing"
    intro = "What invoices still ask for, by account and by how many days it is overdue."
    permission_required = ("billing.view_reports", "billing.view_billingperiod")
    form_class = AgeingForm
    accounts = (
        Field("product", "Product"),
        Field("account", "Account"),
        Field("account_id", "Identifier"),
        Field("invoices", "Invoices", "count"),
        *(Field(name, label, "amount") for name, label in zip(ageing.BUCKETS, ageing.BUCKET_LABELS, strict=True)),
        Field("total", "Total", "amount"),
    )
    invoices = (
        Field("product", "Product"),
        Field("account", "Account"),
        Field("period", "Period"),
        Field("due_on", "Due"),
        Field("days_late", "Days overdue", "count"),
        Field("due", "To pay", "amount"),
    )

    def build(self, form: AgeingForm) -> Report:
        """A table of accounts and one of invoices for each currency."""
        data = form.cleaned_data
        product, account = data["product"], data["account"]
        found = ageing.open_invoices(
            form.before,
            product_id=product.pk if product else None,
            account_id=account.pk if account else None,
        )
        day = data["day"]
        tables = by_currency(
            [_account(one) for one in ageing.by_account(found, day)],
            self.accounts,
            total=lambda lines: ["Total", "", "", *(column_sum(lines, place) for place in range(3, 10))],
            title="By account",
            sheet="By account",
        )
        tables += by_currency(
            [_invoice(one, one.days_late(day)) for one in found],
            self.invoices,
            total=lambda lines: ["Total", "", "", "", None, column_sum(lines, 5)],
            title="Invoices",
            sheet="Invoices",
        )
        about = f"As of {form.words}. An invoice is overdue from the day after its due day."
        if form.before <= timezone.now():
            about += (
                " An invoice that was paid since counts whole, and one still open with what is to pay of it today: "
                "part payments in between carry no date."
            )
        return Report("postpay-ageing", about, tables, empty="No invoice asks for anything.")


def _month(one: differences.MonthOfPayments) -> Line:
    provider = PaymentProvider(one.provider).label
    values = (f"{one.month:%Y-%m}", provider, one.payments, one.amount, one.booked, one.booked_amount, one.difference)
    return Line(values, one.currency)


def _counts(one: dict[str, Any]) -> tuple[Any, ...]:
    kind = DifferenceKind(one["kind"])
    url = list_url(PaymentDifference, kind__exact=kind.value, provider__exact=one["provider"])
    provider = PaymentProvider(one["provider"]).label
    return (
        f"{one['month'].astimezone(UTC):%Y-%m}", provider, Linked(kind.label, url),
        one["open"], one["explained"], one["gone"],
    )  # fmt: skip


def _difference(one: PaymentDifference) -> Line:
    state = "open" if one.closed_at is None else "explained" if one.explanation else "gone"
    days = ((one.closed_at or timezone.now()) - one.first_seen_at).days
    account: Any = None
    if one.wallet is not None:
        account = Linked(one.wallet.account.name, row_url(Account, one.wallet.account_id))
    explanation = f"{one.explanation} ({one.explained_by})" if one.explained_by else one.explanation
    values = (
        Linked(one.get_kind_display(), row_url(PaymentDifference, one.pk)),
        one.get_provider_display(),
        one.reference,
        account,
        one.expected,
        one.found,
        f"{one.first_seen_at.astimezone(UTC):%Y-%m-%d %H:%M}",
        days,
        state,
        explanation,
    )
    return Line(values, "")


def _account(one: ageing.AccountAge) -> Line:
    account = Linked(one.account, row_url(Account, one.account_id))
    values = (one.product, account, one.external_id, one.invoices, *one.amounts, one.total)
    return Line(values, one.currency)


def _invoice(one: ageing.OpenInvoice, days_late: int) -> Line:
    account = Linked(one.account, row_url(Account, one.account_id))
    period = Linked(f"No. {one.period_id}", row_url(BillingPeriod, one.period_id))
    return Line((one.product, account, period, f"{one.due_on}", max(days_late, 0), one.due), one.currency)

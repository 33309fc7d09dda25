"""Revenue, cost of goods and margin, by product, account, project, type, channel, model and day."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from unfold.widgets import UnfoldAdminSelectWidget

from billing.admin.reports import charts
from billing.admin.reports.asked import PeriodForm
from billing.admin.reports.page import AccountReportForm, ReportView, row_url
from billing.admin.reports.table import (
    NOT_REPORTED,
    ROWS_MAX,
    Field,
    Line,
    Linked,
    Report,
    by_currency,
    percent,
)
from organizations.admin.amounts import currency_words
from organizations.admin.choosing import RowSelect
from organizations.admin.panels import list_url
from organizations.models import Account, Product, Project
from usage.models import DailyUsage, EventType
from usage.selectors.reports import margin
from usage.selectors.reports.margin import Figures

GROUPS = {
    "product": "Product",
    "account": "Account",
    "project": "Project",
    "event_type": "Type",
    "channel": "Channel",
    "model": "Model",
    "day": "Day",
}
LIVE, SANDBOX = "live", "sandbox"
FIGURES = (
    Field("events", "Events", "count"),
    Field("free", "Free", "count"),
    Field("charged", "Charged", "amount"),
    Field("charged_with_known_cost", "With a known cost", "amount"),
    Field("known_cost_percent", "Known for", "percent"),
    Field("cost", "Cost of goods", "amount"),
    Field("margin", "Margin", "amount"),
    Field("margin_percent", "Margin, %", "percent"),
)


class MarginForm(PeriodForm, AccountReportForm):
    """Which usage, and by what."""

    project = forms.ModelChoiceField(
        queryset=Project.objects.select_related("account"),
        required=False,
        widget=RowSelect(DailyUsage._meta.get_field("project"), admin.site),
    )
    event_type = forms.ChoiceField(
        label="Type",
        choices=[("", "All types"), *EventType.choices],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    usage = forms.ChoiceField(
        choices=[(LIVE, "Live"), (SANDBOX, "Sandbox, which is charged to nobody")],
        initial=LIVE,
        widget=UnfoldAdminSelectWidget,
    )
    by = forms.ChoiceField(
        label="Group by", choices=list(GROUPS.items()), initial="product", widget=UnfoldAdminSelectWidget
    )
    then = forms.ChoiceField(
        label="And by",
        choices=[("", "Nothing else"), *GROUPS.items()],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    field_order = ("first_day", "last_day", "by", "then", "product", "account", "project", "event_type", "usage")

    def clean(self) -> dict[str, Any]:
        """Two groups are two different ones, and a project is the account's."""
        data = super().clean()
        if data.get("then") and data["then"] == data.get("by"):
            self.add_error("then", "That is the first group already. Choose another one, or nothing else.")
        account, project = data.get("account"), data.get("project")
        if account and project and project.account_id != account.pk:
            self.add_error("project", f"This project belongs to {project.account}, not to {account}.")
        return data

    @property
    def groups(self) -> list[str]:
        """What the usage is grouped by."""
        return [name for name in (self.cleaned_data["by"], self.cleaned_data["then"]) if name]

    @property
    def asked(self) -> margin.Asked:
        """The usage that is asked for."""
        data = self.cleaned_data
        return margin.Asked(
            first_day=data["first_day"],
            last_day=data["last_day"],
            product_id=data["product"].pk if data["product"] else None,
            account_id=data["account"].pk if data["account"] else None,
            project_id=data["project"].pk if data["project"] else None,
            event_type=data["event_type"] or None,
            is_simulated=data["usage"] == SANDBOX,
        )

    @property
    def name_parts(self) -> list[str]:
        """With groups and days."""
        data = self.cleaned_data
        return [*super().name_parts, "by", *self.groups, f"{data['first_day']}", f"{data['last_day']}"]


class MarginView(ReportView):
    """What usage brought, what it cost, and what is left."""

    title = "Revenue and margin"
    intro = (
        "What calls, chats, crawls and requests were charged, what providers were paid for them, and what is left. "
        "Charges count whole, whether paid money, promo or an allotment paid them; what was reversed is not in them."
    )
    form_class = MarginForm

    def build(self, form: MarginForm) -> Report:
        """One table and one chart for each currency."""
        groups, asked = form.groups, form.asked
        found = margin.margin(asked, groups, rows_max=ROWS_MAX + 1)
        fields = (*(one for name in groups for one in _heads(name)), *FIGURES)
        keys = len(fields) - len(FIGURES)
        tables = by_currency(
            [Line((*_keys(one, groups, asked), *_values(one)), one.currency) for one in found],
            fields,
            total=lambda lines: _total(lines, keys),
            title="By " + " and ".join(GROUPS[name].lower() for name in groups),
        )
        days = margin.by_day(asked) if found else {}
        return Report(
            "margin",
            f"{asked.first_day} to {asked.last_day}, each day being the account's own. Margin is what was charged for "
            "events whose cost a service reported, less that cost; of all else the cost is not reported, and no "
            "margin is taken.",
            tables,
            [
                charts.by_day(
                    f"By day, {currency_words(currency)}",
                    asked.first_day,
                    asked.last_day,
                    [("Charged", charged), ("Cost", cost)],
                )
                for currency, (charged, cost) in days.items()
            ],
            empty="Nothing was used in these days. Choose other days, or fewer conditions.",
        )


def _heads(name: str) -> list[Field]:
    heads = [Field(name, GROUPS[name])]
    return [*heads, Field(f"{name}_id", "Identifier")] if name in ("account", "project") else heads


def _keys(one: Figures, groups: Sequence[str], asked: margin.Asked) -> list[Any]:
    cells: list[Any] = []
    for name, key in zip(groups, one.key, strict=True):
        if name == "product":
            cells.append(Linked(key[1], row_url(Product, key[0])))
        elif name in ("account", "project"):
            cells += [Linked(key[1], row_url(Account if name == "account" else Project, key[0])), key[2]]
        elif name == "event_type":
            days = {"day__gte": asked.first_day, "day__lte": asked.last_day}
            label = str(EventType(key[0]).label)
            cells.append(Linked(label, list_url(DailyUsage, event_type__exact=key[0], **days)))
        elif name == "day":
            cells.append(Linked(f"{key[0]}", list_url(DailyUsage, day__gte=key[0], day__lte=key[0])))
        else:
            cells.append(key[0] or "none named")
    return cells


def _values(one: Figures) -> tuple[Any, ...]:
    known = one.is_cost_known
    return (
        one.events,
        one.free,
        one.charged,
        one.costed if known else Decimal(0),
        percent(one.costed, one.charged),
        one.cost if known else NOT_REPORTED,
        one.margin if known else NOT_REPORTED,
        percent(one.costed - one.cost, one.costed) if known else None,
    )


def _total(lines: Sequence[Line], keys: int) -> list[Any]:
    """The sums; shares are of the sums."""

    def added(place: int) -> Decimal:
        values = (line.values[keys + place] for line in lines)
        return sum((value for value in values if value != NOT_REPORTED), Decimal(0))

    sums = Figures((), lines[0].currency, int(added(0)), int(added(1)), added(2), added(3), added(5))
    return ["Total", *[""] * (keys - 1), *_values(sums)]

"""Documents as staff see them: what stands on each, what it was issued for, its file. Nothing of one ever changes."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from billing.admin.document_actions import DocumentActions
from billing.admin.list_export import ListExport
from billing.documents.content import Content, Party, from_json
from billing.models import Document, DocumentFile, Wallet
from billing.models.document import BARE_LABEL
from organizations.admin import panels
from organizations.admin.amounts import PLAIN_DECIMAL, amount_html, money_column, money_html
from organizations.admin.base import ReadOnlyMixin, newest_rows
from organizations.admin.panels import Column, Panel, badge, link, link_to, list_url, moment
from organizations.models import Account
from organizations.selectors import finding

LAST_SHOWN = 5


@admin.register(Document)
class DocumentAdmin(ReadOnlyMixin, ListExport, DocumentActions):
    """Documents of all accounts and issuers."""

    export_columns: ClassVar = {
        "number": "label",
        "kind": "kind",
        "issuer": "issuer__name",
        "account": "wallet__account__name",
        "account_id": "wallet__account__external_id",
        "product": "wallet__account__product__name",
        "organization": "organization__name",
        "net": "net",
        "tax": "tax",
        "total": "total",
        "currency": "currency",
        "issued_on": "issued_on",
        "supplied_from": "supplied_from",
        "supplied_until": "supplied_until",
    }
    export_related = ("wallet__account__product", "issuer", "organization")
    list_display = (
        "label",
        "issued_on",
        "kind",
        "wallet",
        "organization",
        money_column("net", "net"),
        money_column("tax", "tax"),
        money_column("total", "total"),
        "shown_file",
    )
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("issuer", RelatedDropdownFilter),
        "year",
        ("wallet__account__product", RelatedDropdownFilter),
        ("wallet", AutocompleteSelectFilter),
    )
    date_hierarchy = "issued_on"
    ordering = ("-id",)
    list_select_related = ("wallet__account", "organization")
    search_fields = ("label",)
    search_help_text = "Number of the document, account, organization or its tax ID: whole or begun; or an amount"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("label", "kind", "issuer"),
                    ("wallet", "organization"),
                    ("issued_on", "issued_at", "language"),
                    ("supplied_from", "supplied_until"),
                    (money_column("net", "net"), money_column("tax", "tax"), money_column("total", "total")),
                )
            },
        ),
        (
            "What it was issued for",
            {"fields": (("payment", "top_up", "period"), ("refund", "dispute", "corrects"), ("key", "reference"))},
        ),
    )
    readonly_fields = ("reference", *fieldsets[0][1]["fields"][-1])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """Documents with whether their file is there."""
        has_file = Exists(DocumentFile.objects.filter(document=OuterRef("pk")))
        return super().get_queryset(request).defer("content").annotate(has_file=has_file)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Document], search_term: str
    ) -> tuple[QuerySet[Document], bool]:
        """Documents by the beginning of their number, their account or organization, or a newer one's amount."""
        term = " ".join(search_term.split())
        if not term:
            return queryset, False
        rows = Document.objects.all()
        ways: list[QuerySet[Any]] = [
            rows.filter(wallet__account__in=finding.accounts(term)),
            rows.filter(organization__in=finding.organizations(term)),
        ]
        if bare := term.replace("-", "").replace(" ", "").upper():
            ways.append(rows.annotate(asked=BARE_LABEL).filter(asked__startswith=bare))
        if PLAIN_DECIMAL.fullmatch(term):
            ways.append(newest_rows(Document).filter(Q(net=Decimal(term)) | Q(total=Decimal(term))))
        return finding.any_of(queryset, *ways), False

    @display(description="file")
    def shown_file(self, obj: Document) -> SafeString:
        """Whether the PDF is there."""
        return badge("made", "good") if obj.has_file else badge("to be made", "warn")  # type: ignore[attr-defined]

    def panels(self, request: HttpRequest, obj: Document) -> list[Panel]:
        """What stands on it, its file, and what corrects it."""
        content = from_json(obj.content)
        return [_lines(content), _file(obj), _parties(content), _words(content), _corrections(obj)]


def _lines(content: Content) -> Panel:
    def amount(value: Decimal | None) -> SafeString | str:
        return amount_html(value, content.currency) if value is not None else ""

    rows: list[tuple[Any, ...]] = [
        (line.description, line.detail, f"{line.quantity:f} {line.unit}".strip(), amount(line.unit_price),
         amount(line.amount))
        for line in content.lines
    ]  # fmt: skip
    rows += [
        (tax.name, format_html("{}% of {}", f"{tax.percent:f}", amount(tax.base)), "", "", amount(tax.amount))
        for tax in content.taxes
    ]
    columns = (
        Column("Line"),
        Column("Detail"),
        Column("Quantity", True),
        Column("Unit price", True),
        Column("Amount", True),
    )
    total = ("Total", "", "", "", amount(content.total))
    return Panel("What stands on it", columns, rows, total=total, is_wide=True)


def _file(document: Document) -> Panel:
    """The stored bytes, hashed anew whenever the page is looked at."""
    file = DocumentFile.objects.filter(document=document).first()
    columns = (Column(""), Column(""))
    if file is None:
        return Panel("File", columns, (), empty="A worker makes it. Open the PDF to make it now.")
    is_sound = hashlib.sha256(bytes(file.pdf)).hexdigest() == file.sha256
    rows = [
        ("SHA-256", file.sha256),
        ("The stored bytes", badge("match it", "good") if is_sound else badge("do not match it", "bad")),
        ("Size", f"{file.size:,} bytes"),
        ("Made (UTC)", moment(file.created_at)),
    ]
    return Panel("File", columns, rows, is_wide=True)


def _parties(content: Content) -> Panel:
    def cells(party: Party) -> list[str]:
        place = ", ".join(part for part in (*party.address.splitlines(), party.region, party.country) if part)
        ids = (party.tax_id, party.tax_registration_code, party.registration_number)
        bank = (party.bank_name, party.bank_account, party.bank_code, party.correspondent_account, party.upi_id)
        return [party.name, place, *(", ".join(filter(None, each)) for each in (ids, bank)), party.email]

    names = ("Name", "Address", "Numbers", "Bank", "E-mail")
    rows = list(zip(names, cells(content.issuer), cells(content.buyer), strict=True))
    return Panel("Parties", (Column(""), Column("Issuer"), Column("Buyer")), rows, is_wide=True)


def _words(content: Content) -> Panel:
    known: list[tuple[str, Any]] = [
        ("Tax treatment", content.treatment.replace("_", " ")),
        ("Due", amount_html(content.due, content.currency) if content.due else ""),
        ("Due on", content.due_on),
        ("Payment reference", content.payment_reference),
        ("Pay page", content.pay_url),
        ("Corrects", content.corrects.label if content.corrects else ""),
        ("Reason", content.reason),
    ]
    known += [
        (f"{each.label} {each.on or ''}", amount_html(each.amount, content.currency)) for each in content.settlements
    ]
    if content.charged is not None:
        known.append(("Charged", amount_html(content.charged.amount, content.charged.currency)))
        known.append(("Rate", f"{content.charged.rate:f}"))
    return Panel("More on it", (Column(""), Column("")), [row for row in known if row[1]], empty="Nothing else.")


def _corrections(document: Document) -> Panel:
    notes = document.corrections.order_by("pk")
    rows = [(link(one), one.issued_on, money_html(one.total)) for one in notes]
    columns = (Column("Document"), Column("Issued"), Column("Total", True))
    return Panel("Corrected by", columns, rows, empty="Nothing corrects it.")


def _last(wallet_id: int) -> Panel:
    rows = [
        (link_to(Document, one.pk, one.label), one.get_kind_display(), f"{one.issued_on}", money_html(one.total))
        for one in Document.objects.filter(wallet_id=wallet_id).defer("content").order_by("-pk")[:LAST_SHOWN]
    ]
    columns = (Column("Document"), Column("Kind"), Column("Issued"), Column("Total", True))
    more = list_url(Document, wallet__id__exact=wallet_id)
    return Panel(f"Last {LAST_SHOWN} documents", columns, rows, empty="None has been issued.", more_url=more, rank=1)


def wallet_panels(request: HttpRequest, wallet: Wallet) -> list[Panel]:
    """The last documents, on the wallet's page, for whoever may look at them."""
    return [_last(wallet.pk)] if request.user.has_perm("billing.view_document") else []


def account_panels(request: HttpRequest, account: Account) -> list[Panel]:
    """The last documents, on the account's page, for whoever may look at them."""
    wallet = getattr(account, "wallet", None)  # which the page has read already
    if wallet is None or not request.user.has_perm("billing.view_document"):
        return []
    return [_last(wallet.pk)]


panels.register(Wallet, wallet_panels)
panels.register(Account, account_panels)

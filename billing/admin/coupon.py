"""Coupons: what an offer is worth, its codes, made in bulk or chosen, and who redeemed them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Model, QuerySet, Sum
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from billing.admin.coupon_actions import BatchActions, CouponActions
from billing.admin.list_export import ListExport
from billing.admin.priced import NO_CURRENCY, check_whole
from billing.models import Coupon, CouponAttempt, CouponBatch, CouponRedemption
from billing.views.export import csv_response
from organizations.admin.amounts import AmountField, CurrencyAmountsForm, money_column, money_html
from organizations.admin.base import BigTableAdmin, ReadOnlyMixin
from organizations.admin.panels import Column, Panel, link, list_url, moment

SHOWN = 20
CHUNK = 2000


class CouponBatchForm(CurrencyAmountsForm):
    """An offer. What its codes give is settled when it is made; when it holds may be changed."""

    amount = AmountField.of(CouponBatch, "amount", minimum=None, above=Decimal(0))

    class Meta:
        model = CouponBatch
        fields = ("product", "name", "amount", "grant_days", "valid_from", "valid_until")
        help_texts: ClassVar[dict[str, str]] = {
            "product": "Only its accounts can redeem the codes; it never changes.",
            "valid_from": "In UTC. Before it the codes are refused.",
            "valid_until": "In UTC. From then on the codes are refused. Empty: until it is switched off.",
            "grant_days": "Days for which the credit can be used, from the redemption on. Empty: without end.",
        }

    def clean(self) -> dict[str, Any]:
        """An end after the beginning, whole credits."""
        found: dict[str, Any] = super().clean() or {}
        product = found.get("product")
        if not self.instance.pk:
            self.instance.currency = product.currency if product is not None else NO_CURRENCY
            check_whole(self, found, self.instance.currency)
        begins = found.get("valid_from") or self.instance.valid_from
        ends = found.get("valid_until")
        if begins and ends and ends <= begins:
            self.add_error("valid_until", "This is not after the beginning. Choose a later moment.")
        if found.get("grant_days") == 0:
            self.add_error("grant_days", "Write 1 or more, or leave it empty.")
        return found


@admin.register(CouponBatch)
class CouponBatchAdmin(BatchActions):
    """Offers of all products."""

    form = CouponBatchForm
    list_display = (
        "name",
        "product",
        money_column("amount", "worth"),
        "valid_from",
        "valid_until",
        "state",
        "codes",
        "redemptions",
    )
    list_filter = (("product", RelatedDropdownFilter), "is_active", ("valid_from", RangeDateTimeFilter))
    list_select_related = ("product",)
    search_fields = ("name", "coupons__code")
    autocomplete_fields = ("product",)
    date_hierarchy = "valid_from"
    fieldsets = (
        (None, {"fields": (("product", "name"), ("amount", "grant_days"))}),
        ("When its codes are accepted", {"fields": ("valid_from", "valid_until")}),
    )
    fixed: ClassVar[tuple[Any, ...]] = ("product", money_column("amount", "worth"), "grant_days", "valid_from")

    def get_readonly_fields(self, request: HttpRequest, obj: CouponBatch | None = None) -> tuple[Any, ...]:
        """What the codes promise stays as it was."""
        return (*self.fixed, "state", "created_by", "created_at") if obj is not None else ()

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The form of a new offer; of one that exists its name and end, and what is fixed."""
        if obj is None:
            return self.fieldsets
        product, amount, days, begins = self.fixed
        return (
            (None, {"fields": ("name", "valid_until", "state")}),
            ("Set when it was made", {"fields": ((product, amount), (days, begins), ("created_by", "created_at"))}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CouponBatch]:
        """Offers with how many codes they have and how often those were redeemed."""
        found = super().get_queryset(request)
        return found.annotate(code_count=Count("coupons"), redeemed_count=Sum("coupons__redeemed", default=0))

    @display(description="codes", ordering="code_count")
    def codes(self, obj: CouponBatch) -> str:
        """How many codes there are."""
        return f"{obj.code_count:,}"  # type: ignore[attr-defined]

    @display(description="redeemed", ordering="redeemed_count")
    def redemptions(self, obj: CouponBatch) -> str:
        """How often they were redeemed."""
        return f"{obj.redeemed_count:,}"  # type: ignore[attr-defined]

    @display(
        description="state",
        label={"accepted": "success", "to come": "info", "over": "warning", "switched off": "danger"},
    )
    def state(self, obj: CouponBatch) -> str:
        """Whether its codes are accepted now."""
        now = timezone.now()
        if not obj.is_active:
            return "switched off"
        if obj.valid_from > now:
            return "to come"
        return "over" if obj.valid_until is not None and obj.valid_until <= now else "accepted"

    def save_model(self, request: HttpRequest, obj: CouponBatch, form: Any, change: bool) -> None:
        """Save, with who made it."""
        if not change:
            obj.created_by_id = request.user.pk
        super().save_model(request, obj, form, change)

    def panels(self, request: HttpRequest, obj: CouponBatch) -> list[Panel]:
        """The newest codes and redemptions."""
        codes = [
            (link(one), f"{one.redeemed:,} of {one.limit:,}", "" if one.is_active else "switched off")
            for one in obj.coupons.order_by("-id")[:SHOWN]
        ]
        return [
            Panel(
                "Codes",
                (Column("Code"), Column("Redeemed", True), Column("")),
                codes,
                empty="No codes yet. Make many at once with Generate codes, or one of your own with Add a code.",
                more_url=list_url(Coupon, batch__id__exact=obj.pk),
            ),
            redemptions_panel(obj.redemptions, list_url(CouponRedemption, batch__id__exact=obj.pk)),
        ]

    @action(description="Download codes", permissions=["change"], icon="download")
    def download(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """All codes as a file for a spreadsheet or a mailing."""
        batch = self.get_object(request, object_id)
        if batch is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        self.log_change(request, batch, "Downloaded the codes.")

        def rows() -> Iterator[list[Any]]:
            for one in batch.coupons.order_by("id").iterator(CHUNK):
                yield [one.code, one.limit, one.redeemed, "yes" if one.is_active and batch.is_active else "no"]

        return csv_response(f"coupons-{batch.pk}.csv", ["Code", "Limit", "Redeemed", "Active"], rows())


@admin.register(Coupon)
class CouponAdmin(ListExport, CouponActions):
    """Codes of all offers. They are made on the page of their offer."""

    export_columns: ClassVar = {
        "code": "code",
        "batch": "batch__name",
        "product": "batch__product__name",
        "amount": "batch__amount",
        "currency": "batch__currency",
        "redeemed": "redeemed",
        "limit": "limit",
        "active": "is_active",
        "created_at_utc": "created_at",
    }
    export_related = ("batch__product",)
    list_display = ("code", "batch", "product", "redeemed", "limit", "is_active", "created_at")
    list_filter = (("batch__product", RelatedDropdownFilter), ("batch", AutocompleteSelectFilter), "is_active")
    list_select_related = ("batch__product",)
    search_fields = ("code", "batch__name")
    fields = (("code", "batch"), ("redeemed", "limit"), ("is_active", "created_at"))
    sortable_by: ClassVar[tuple[str, ...]] = ("code", "redeemed", "created_at")

    @display(description="product")
    def product(self, obj: Coupon) -> str:
        """Whose accounts can redeem it."""
        return obj.batch.product.name

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The offer's page links here with its id."""
        return lookup == "batch__id__exact" or super().lookup_allowed(lookup, value, request)

    def panels(self, request: HttpRequest, obj: Coupon) -> list[Panel]:
        """Who redeemed it."""
        return [redemptions_panel(obj.redemptions, list_url(CouponRedemption, coupon__id__exact=obj.pk))]


@admin.register(CouponRedemption)
class CouponRedemptionAdmin(ReadOnlyMixin, BigTableAdmin):
    """Who redeemed what, and the promo credit it became."""

    list_display = ("coupon", "wallet", "added", "user", "created_at")
    list_filter = (("batch", AutocompleteSelectFilter), ("wallet", AutocompleteSelectFilter))
    list_select_related = ("coupon", "wallet__account", "user", "grant")
    search_fields = ("coupon__code", "wallet__account__name", "wallet__account__external_id", "user__email")
    narrowing = ("batch__id__exact", "coupon__id__exact", "wallet__id__exact", "q")
    narrowing_hint = "Choose an offer or a wallet to see older ones."
    fields = (("coupon", "batch"), ("wallet", "user"), ("grant", "added"), "created_at")
    readonly_fields = ("added",)

    @display(description="added")
    def added(self, obj: CouponRedemption) -> SafeString:
        """The promo credit that it became."""
        return money_html(obj.grant.amount)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """The pages of offers and codes link here with their id."""
        linked = ("batch__id__exact", "coupon__id__exact")
        return lookup in linked or super().lookup_allowed(lookup, value, request)


@admin.register(CouponAttempt)
class CouponAttemptAdmin(ReadOnlyMixin, BigTableAdmin):
    """Codes that were refused in the last hour: ten close the form for an account, twenty for a person."""

    list_display = ("user", "wallet", "created_at")
    list_select_related = ("user", "wallet__account")
    search_fields = ("user__email", "wallet__account__name")
    fields = ("user", "wallet", "created_at")


def redemptions_panel(redemptions: Any, more_url: str) -> Panel:
    """The newest redemptions, with what became of the credit."""
    newest = redemptions.select_related("coupon", "wallet__account", "grant").order_by("-id")[:SHOWN]
    rows = [
        (
            link(one.wallet, one.wallet.account),
            one.coupon.code,
            money_html(one.grant.amount, signed=True),
            money_html(one.grant.remaining),
            moment(one.created_at),
        )
        for one in newest
    ]
    columns = (Column("Account"), Column("Code"), Column("Added", True), Column("Left", True), Column("When (UTC)"))
    return Panel("Redemptions", columns, rows, empty="Nobody has redeemed it yet.", more_url=more_url, is_wide=True)

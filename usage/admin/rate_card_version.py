"""Versions of rate cards: a draft is edited and published; a published version is only looked at and copied."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import StackedInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import Panel
from usage.admin.card_import import import_action
from usage.admin.rate_card import new_version_action
from usage.admin.rate_card_files import VersionFilesMixin
from usage.admin.rate_card_forms import FreeRuleForm, PlainDecimalsForm, RateForm
from usage.admin.rate_card_panels import OPERATORS, faults_panel, free_panel, prices_panel
from usage.admin.rate_card_publishing import draft_panel, publication, publication_panels
from usage.admin.what_if_ask import ask_action
from usage.models import FreeRule, Rate, RateCardVersion
from usage.selectors.card_diff import version_before
from usage.services.rate_cards import publish_version

DRAFT, PUBLISHED = RateCardVersion.Status.DRAFT, RateCardVersion.Status.PUBLISHED


class RateInline(StackedInline):
    """The rates of a draft."""

    model = Rate
    form = RateForm
    extra = 0
    tab = True
    collapsible = True
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("event_type", "component", "label"),
                    ("model", "tier", "outcome", "channels"),
                    ("method", "price", "per", "unit"),
                    ("metric", "included", "cap_field"),
                    ("first_increment", "increment", "units_per_increment"),
                    ("minimum", "position", "is_operators_to_set"),
                    "tiers",
                )
            },
        ),
    )


class FreeRuleInline(StackedInline):
    """The free rules of a draft."""

    model = FreeRule
    form = FreeRuleForm
    extra = 0
    tab = True
    collapsible = True
    fields = (
        ("event_type", "code", "position"),
        "reason",
        ("condition", "field", "limit"),
        ("values", "except_statuses"),
    )


def open_prices() -> Exists:
    """Whether any rate of the version is marked as the operator's to set."""
    return Exists(Rate.objects.filter(version=OuterRef("pk"), is_operators_to_set=True))


def replaced() -> Exists:
    """Whether a later version of the card holds already."""
    later = RateCardVersion.objects.filter(card=OuterRef("card"), status=PUBLISHED, starts_at__lte=timezone.now())
    return Exists(later.filter(starts_at__gt=OuterRef("starts_at")))


class OpenPricesFilter(admin.SimpleListFilter):
    """Versions with prices that the product's page leaves to the operator."""

    title = "operator's to set"
    parameter_name = "open_prices"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        """With and without."""
        return [("yes", "Has prices to set"), ("no", "All prices are set")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RateCardVersion]) -> QuerySet[RateCardVersion]:
        """By whether any rate is marked."""
        if self.value() == "yes":
            return queryset.filter(open_prices())
        return queryset.exclude(open_prices()) if self.value() == "no" else queryset


@admin.register(RateCardVersion)
class RateCardVersionAdmin(VersionFilesMixin, BackOfficeAdmin):
    """Versions of all cards."""

    form = PlainDecimalsForm
    list_display = (
        "__str__",
        "product",
        "shown_status",
        "standing",
        "starts_at",
        "open_prices",
        "note",
        "published_at",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        OpenPricesFilter,
        ("card__product", RelatedDropdownFilter),
        ("card", AutocompleteSelectFilter),
    )
    list_select_related = ("card__product",)
    ordering = ("-starts_at", "-id")
    search_fields = ("card__name", "note")
    actions_detail = (
        "what_if",
        "compare",
        "new_version",
        {"title": "Spreadsheet", "icon": "table", "items": ("csv", "xlsx", "import_file")},
        "publish",
    )
    readonly_fields = ("card", "number", "shown_status", "published_at")
    fieldsets = (
        (None, {"fields": (("card", "number"), ("shown_status", "published_at"), "starts_at", "note")}),
        ("Rounding", {"fields": (("rounding_step", "rounding"),)}),
        (
            "Outcomes and tiers",
            {"fields": ("derives_outcome", ("conversation_seconds", "conversation_turns"), "default_tier")},
        ),
        ("Chat", {"fields": ("aggregates_chat",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A version is made from its card or from another version, by an action."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Drafts only: what was published has priced calls."""
        if isinstance(obj, RateCardVersion) and obj.status == PUBLISHED:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A draft may be thrown away."""
        is_draft = isinstance(obj, RateCardVersion) and obj.status == DRAFT
        return is_draft and request.user.has_perm("usage.delete_ratecardversion")

    def get_inlines(self, request: HttpRequest, obj: RateCardVersion | None) -> Any:
        """Rates and rules are edited in drafts; published ones are shown as tables."""
        return (RateInline, FreeRuleInline) if obj is not None and obj.status == DRAFT else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[RateCardVersion]:
        """Versions, and whether prices in them are the operator's to set."""
        versions = super().get_queryset(request).select_related("card__product")
        return versions.annotate(has_open_prices=open_prices(), is_replaced=replaced())

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Only a draft can be published, or take a file's prices."""
        found = super().get_actions_detail(request, object_id)
        if RateCardVersion.objects.filter(pk=object_id, status=DRAFT).exists():
            return found
        return [one for one in found if not one.action_name.endswith(("_publish", "_import_file"))]

    def panels(self, request: HttpRequest, obj: RateCardVersion) -> list[Panel]:
        """Prices and free rules in words, and what stands in the way of publishing a draft."""
        tables = [prices_panel(obj), free_panel(obj)]
        return [faults_panel(obj), draft_panel(obj), *tables] if obj.status == DRAFT else tables

    @display(description="product")
    def product(self, obj: RateCardVersion) -> str:
        """The card's product."""
        return str(obj.card.product)

    @display(description="state", label={"Published": "success", "Draft": "warning"})
    def shown_status(self, obj: RateCardVersion) -> str:
        """Draft or published."""
        return obj.get_status_display()

    @display(description="prices", label={"scheduled": "info", "now": "success"})
    def standing(self, obj: Any) -> str:
        """Whether it prices calls now, will, or did."""
        if obj.status == DRAFT:
            return ""
        if obj.starts_at > timezone.now():
            return "scheduled"
        return "before" if obj.is_replaced else "now"

    @display(description="prices to set")
    def open_prices(self, obj: Any) -> SafeString | str:
        """Whether a price in it is marked as the operator's to set."""
        return OPERATORS if obj.has_open_prices else ""

    @action(description="New version from this one", permissions=["act"], icon="content_copy")
    def new_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A draft that begins as a copy of this version."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return new_version_action(self, request, version.card, version)

    @action(description="Import into this draft", permissions=["act"], icon="upload_file")
    def import_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace the draft's prices by a spreadsheet's."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        based_on = version_before(version) or version
        return import_action(self, request, version, card=version.card, based_on=based_on, draft=version)

    @action(description="What if", permissions=["act"], icon="query_stats")
    def what_if(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the calls of some days would have cost on it."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return ask_action(self, request, version)

    @action(description="Publish", permissions=["act"], icon="publish", variant=ActionVariant.PRIMARY)
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make the draft hold from its date on."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ActionForm) -> str:
            publish_version(version=version)
            return f"{version} is published and holds from {version.starts_at:%Y-%m-%d %H:%M} UTC."

        return actions.run(
            request,
            self,
            version,
            actions.Action(
                title="Publish the version",
                intro="A published version never changes again.",
                verb="Publish",
                moves_money=True,
                question=f"Publish {version}?",
                explain=lambda form: publication(version),
                perform=perform,
                form=actions.ActionForm,
                refusals=(ValidationError,),
                panels=lambda form: publication_panels(version),
            ),
        )

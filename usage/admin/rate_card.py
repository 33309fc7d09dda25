"""Rate cards: a product's default prices or an account's own, each a list of versions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import Panel, badge
from usage.admin.card_import import import_action
from usage.admin.own_card import own_card_action
from usage.admin.rate_card_files import csv_file, xlsx_file
from usage.admin.rate_card_forms import NewVersionForm, RateCardForm
from usage.admin.rate_card_panels import versions_panel
from usage.models import RateCard, RateCardVersion
from usage.services.card_files.layout import template
from usage.services.rate_cards import draft_version

PUBLISHED = RateCardVersion.Status.PUBLISHED


def new_version_action(
    model_admin: Any, request: HttpRequest, card: RateCard, based_on: RateCardVersion | None
) -> HttpResponse:
    """Ask from when, make the draft and open it."""
    made: list[RateCardVersion] = []

    def perform(form: NewVersionForm) -> str:
        cleaned = form.cleaned_data
        made.append(draft_version(card=card, based_on=based_on, starts_at=cleaned["starts_at"], note=cleaned["note"]))
        return f"{made[0]} is a draft. Edit its prices, then publish it."

    source = f"version {based_on.number}" if based_on is not None else "an empty list"
    tomorrow = (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    response = actions.run(
        request,
        model_admin,
        card if isinstance(model_admin, RateCardAdmin) else based_on,
        actions.Action(
            title="New version",
            intro=f"A draft of {card.name} is made from {source}. Nothing changes for customers until it is published.",
            verb="Make the draft",
            question="Make this draft?",
            explain=lambda form: [
                ("Card", card),
                ("Made from", source),
                ("Holds from", f"{form.cleaned_data['starts_at']:%Y-%m-%d %H:%M} UTC"),
                ("Why", form.cleaned_data["note"] or "none"),
            ],
            perform=perform,
            form=NewVersionForm,
            form_arguments={"initial": {"starts_at": tomorrow}},
        ),
    )
    if made:
        response["Location"] = reverse("admin:usage_ratecardversion_change", args=[made[0].pk])
    return response


@admin.register(RateCard)
class RateCardAdmin(BackOfficeAdmin):
    """Rate cards."""

    form = RateCardForm
    list_display = ("name", "product", "shown_account", "holds_now", "drafts", "created_at")
    list_filter = (("product", RelatedDropdownFilter), ("account", admin.EmptyFieldListFilter))
    list_select_related = ("product", "account")
    search_fields = ("name", "product__name", "account__name", "account__external_id")
    autocomplete_fields = ("product", "account")
    actions_detail = ("new_version", "import_file")
    actions_list = (
        "own_card",
        {"title": "Template", "icon": "table", "items": ("template_csv", "template_xlsx")},
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[RateCard]:
        """Cards with what holds now and how many drafts wait."""
        holding = RateCardVersion.objects.filter(status=PUBLISHED, starts_at__lte=timezone.now()).order_by("-starts_at")
        return (
            super()
            .get_queryset(request)
            .annotate(draft_count=Count("versions", filter=~Q(versions__status=PUBLISHED)))
            .prefetch_related(Prefetch("versions", queryset=holding, to_attr="holding"))
        )

    def get_readonly_fields(self, request: HttpRequest, obj: RateCard | None = None) -> tuple[str, ...]:
        """A card stays with its product and account."""
        return ("product", "account", "created_at") if obj is not None else ()

    def panels(self, request: HttpRequest, obj: RateCard) -> list[Panel]:
        """Its versions."""
        return [versions_panel(list(obj.versions.order_by("-number")[:50]))]

    @display(description="for")
    def shown_account(self, obj: RateCard) -> SafeString | str:
        """The account, or the product's default."""
        return str(obj.account) if obj.account_id else badge("default")

    @display(description="holds now")
    def holds_now(self, obj: Any) -> str:
        """The version that prices a call that starts now."""
        return f"version {obj.holding[0].number} since {obj.holding[0].starts_at:%Y-%m-%d}" if obj.holding else "none"

    @display(description="drafts")
    def drafts(self, obj: Any) -> int:
        """How many versions are not published."""
        return int(obj.draft_count)

    @action(description="New version", permissions=["act"], icon="post_add", variant=ActionVariant.PRIMARY)
    def new_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A draft made from the version published last."""
        card = self.get_object(request, object_id)
        if card is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        latest = card.versions.filter(status=PUBLISHED).order_by("-starts_at").first()
        return new_version_action(self, request, card, latest)

    @action(description="Import from a spreadsheet", permissions=["act"], icon="upload_file")
    def import_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A draft with a spreadsheet's prices, compared with the version published last."""
        card = self.get_object(request, object_id)
        if card is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        latest = card.versions.filter(status=PUBLISHED).order_by("-starts_at").first()
        return import_action(self, request, card, card=card, based_on=latest, draft=None)

    @action(description="An account's own card", permissions=["act"], icon="person_add")
    def own_card(self, request: HttpRequest) -> HttpResponse:
        """Give an account a card of its own."""
        return own_card_action(self, request)

    @action(description="Template as CSV", permissions=["view"], icon="csv")
    def template_csv(self, request: HttpRequest) -> HttpResponse:
        """What an imported file looks like."""
        return csv_file(template(), "rate-card-template")

    @action(description="Template as XLSX", permissions=["view"], icon="table")
    def template_xlsx(self, request: HttpRequest) -> HttpResponse:
        """The same as a workbook."""
        return xlsx_file(template(), "rate-card-template")

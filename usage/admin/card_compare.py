"""The page on which two versions, of one card or of two, are compared."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from organizations.admin.choosing import RowSelect
from organizations.admin.panels import link
from usage.admin.card_diff import diff_panels
from usage.models import RateCardVersion, WhatIfRun
from usage.selectors.card_diff import version_before


class CompareForm(forms.Form):
    """The version that the page's own is compared with."""

    before: forms.ModelChoiceField[RateCardVersion] = forms.ModelChoiceField(
        label="Compare with",
        queryset=RateCardVersion.objects.select_related("card__product"),
        widget=RowSelect(WhatIfRun._meta.get_field("version"), admin.site),
        help_text="Any version of any card, such as the one an account had until now.",
        error_messages={"invalid_choice": "There is no such version. Choose one from the list."},
    )


def page(model_admin: Any, request: HttpRequest, version: RateCardVersion) -> HttpResponse:
    """What the version changes against `?before=`, or against the one that it follows."""
    default = version_before(version)
    asked = "before" in request.GET
    form = CompareForm(request.GET if asked else None, initial={"before": default and default.pk})
    before = default
    if asked:
        before = form.cleaned_data["before"] if form.is_valid() else None
    request.current_app = model_admin.admin_site.name
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": "Compare versions",
        "subtitle": str(version),
        "original": version,
        "form": form,
        "before": before,
        "before_link": link(before),
        "after_link": link(version),
        "is_same": before is not None and before.pk == version.pk,
        "is_other_currency": before is not None and before.card.product.currency != version.card.product.currency,
        "panels": diff_panels(before, version) if before is not None else [],
        "has_view_permission": True,
    }
    return TemplateResponse(request, "admin/compare_versions.html", context)

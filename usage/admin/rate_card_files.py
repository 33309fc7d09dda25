"""The actions of a version that look at it or take it out of the back office: compare, download."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from unfold.decorators import action

from usage.admin import card_compare
from usage.models import RateCardVersion
from usage.selectors.card_content import CardContent, content_of
from usage.services.card_files import writing

NOT_PLAIN = re.compile(r"[^a-z0-9]+")


class VersionFilesMixin:
    """For whoever may look at the version."""

    @action(description="Compare with…", permissions=["view"], icon="difference")
    def compare(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        """What it changes against another version."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return card_compare.page(self, request, version)

    @action(description="Download CSV", permissions=["view"], icon="csv")
    def csv(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        """The version as a CSV file, which can be imported again."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return csv_file(content_of(version), name_of(version))

    @action(description="Download XLSX", permissions=["view"], icon="table")
    def xlsx(self: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        """The version as an XLSX file, which can be imported again."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return xlsx_file(content_of(version), name_of(version))


def csv_file(content: CardContent, name: str) -> HttpResponse:
    """The content as a download."""
    return _download(writing.as_csv(content), writing.CSV_TYPE, f"{name}.csv")


def xlsx_file(content: CardContent, name: str) -> HttpResponse:
    """The content as a download."""
    return _download(writing.as_xlsx(content), writing.XLSX_TYPE, f"{name}.xlsx")


def name_of(version: RateCardVersion) -> str:
    """The file's name without its ending, such as ai-pbx-default-version-2."""
    return NOT_PLAIN.sub("-", str(version).lower()).strip("-") or f"rate-card-version-{version.pk}"


def _download(data: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )

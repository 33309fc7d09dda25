"""Parameters of the API's addresses, as the schema describes them."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from usage.api.pagination import LIMIT_DEFAULT, LIMIT_MAX

TEXT = {"type": "string", "minLength": 1, "maxLength": 255}

ACCOUNT = OpenApiParameter(
    "account", TEXT, OpenApiParameter.PATH, description="The service's own identifier, percent-encoded."
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    OpenApiParameter.HEADER,
    description="The same key with the same body gets the first answer again.",
)
PAGING = [
    OpenApiParameter("cursor", OpenApiTypes.STR, description="The `next` of the page before."),
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}),
]
USAGE_FILTERS = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day; the first of the month of `to` if left out."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day, included; today if left out."),
    OpenApiParameter(
        "group_by", {"type": "string", "enum": ["day", "project", "component", "outcome"], "default": "day"}
    ),
]
CALL_FILTERS = [
    OpenApiParameter("account", TEXT, description="The service's own identifier. This or `call_id` must be given."),
    OpenApiParameter("call_id", TEXT),
    OpenApiParameter(
        "from",
        OpenApiTypes.STR,
        description="A day of the account (calls charged on it or later) or a time (started then or later).",
    ),
    OpenApiParameter(
        "to",
        OpenApiTypes.STR,
        description="A day of the account (calls charged on it or earlier) or a time (started before it).",
    ),
]

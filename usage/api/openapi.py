"""One OpenAPI document for both lanes: what drf-spectacular finds, the hot endpoints, and the problems of all."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_update
from django.views.decorators.cache import cache_page
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from usage.api.hot_schema import PATHS, SCHEMAS
from usage.api.problems import CONTENT_TYPE

SCHEME = "serviceKey"
SCHEMA_KEPT_SECONDS = 3600
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "A stable word, such as idempotency_conflict."},
        "errors": {
            "type": "object",
            "description": "Messages by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
PROBLEMS_OF_ALL = {
    "400": "The body is not JSON, repeats a name, or holds what cannot be stored.",
    "401": "No valid key.",
    "403": "The key lacks the scope.",
    "404": "No such account, event or call.",
    "422": "Fields are missing, unknown or hold what they may not; `errors` names them.",
    "429": "Too many requests with this key.",
    "500": "A failure on this side.",
    "503": "The database cannot be reached. Nothing was changed.",
}
PROBLEMS_OF_POSTS = {
    "409": "The same key came with another body.",
    "411": "The body's length is not stated.",
    "413": "The body is larger than 5 MiB, or the array longer than 1,000 events.",
    "415": "The body is of another type.",
}
HEADERS = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}


class ServiceKeyScheme(OpenApiAuthenticationExtension):
    """How the schema describes a service's key."""

    target_class = "usage.api.auth.ServiceKeyAuthentication"
    name = SCHEME

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A bearer key."""
        return {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer <key>"}


def add_hot_endpoints(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Add the hot endpoints and every operation's problems (a postprocessing hook of drf-spectacular)."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update({**SCHEMAS, "Problem": PROBLEM})
    components.setdefault("securitySchemes", {})[SCHEME] = ServiceKeyScheme(None).get_security_definition(None)
    for address, operation in PATHS.items():
        result["paths"].setdefault(address, {})["post"] = operation
    for address in result["paths"].values():
        for method, operation in address.items():
            operation["responses"] = {**operation["responses"], **_problems(method)}
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


def _problems(method: str) -> dict[str, Any]:
    found = PROBLEMS_OF_ALL | (PROBLEMS_OF_POSTS if method == "post" else {})
    return {status: _problem(status, words) for status, words in sorted(found.items())}


def _problem(status: str, description: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": description,
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in HEADERS:
        response["headers"] = {HEADERS[status]: {"schema": {"type": "string"}, "required": True}}
    return response


schema = cache_page(SCHEMA_KEPT_SECONDS)(SpectacularAPIView.as_view(authentication_classes=[]))
# The browsable page styles its elements one by one and draws its icons from data addresses.
_relaxed = csp_update({"style-src": ["'self'", "'unsafe-inline'"], "img-src": ["'self'", "data:"]})
docs = _relaxed(SpectacularSwaggerSplitView.as_view(url_name="api:schema", authentication_classes=[]))

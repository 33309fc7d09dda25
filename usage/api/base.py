"""What the API's slower endpoints share: JSON whatever the client says it accepts, and accounts of the product only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from organizations.models import Account
from organizations.selectors.keys import KeyContext
from usage.api.parsing import is_fit
from usage.services.errors import ServiceError


class AlwaysJSON(DefaultContentNegotiation):
    """The API speaks JSON only; a client that asks for something else gets JSON, not an error."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The first renderer."""
        first = next(iter(renderers))
        return first, first.media_type or ""


class ServiceView(APIView):
    """A view of one resource; `required_scope` is what its key must have."""

    content_negotiation_class = AlwaysJSON
    http_method_names = ("get", "head", "post")
    required_scope: str


def key_of_view(request: Request) -> KeyContext:
    """The key of a request that passed authentication."""
    return cast(KeyContext, request.auth)


def find_account(key: KeyContext, external_id: str) -> Account:
    """The product's account. Raises ServiceError unknown_account (404), also for another product's."""
    account = None
    if is_fit(external_id):
        accounts = Account.objects.select_related("product", "wallet")
        known = accounts.filter(product_id=key.product_id, external_id=external_id, wallet__isnull=False)
        account = known.first()
    if account is None:
        raise ServiceError("unknown_account", "No such account.", status=404)
    return account

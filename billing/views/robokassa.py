"""Where Robokassa calls (ResultURL) and where it sends customers back to (SuccessURL, FailURL).

ResultURL proves by its signature only that Robokassa has something to tell of an order: it becomes a row of the inbox,
and a worker looks the order up. Where a call comes from is not asked: addresses change, signatures do not lie. Coming
back credits nothing and shows the top-up's own page, which asks for a login and belongs to one account.
"""

from __future__ import annotations

import logging
from urllib.parse import parse_qsl
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.providers import provider
from billing.providers.base import BadNoticeError
from billing.providers.robokassa import results
from billing.providers.robokassa.page import TOP_UP
from billing.providers.robokassa.shop import shop
from billing.services import inbox

logger = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def robokassa_result(request: HttpRequest) -> HttpResponse:
    """Robokassa tells of a paid order, and tells again until it reads `OK` and the order's number."""
    try:
        notice = provider("robokassa").parse_webhook(_sent(request), request.headers)
    except BadNoticeError as error:
        logger.warning("A call to Robokassa's ResultURL was refused: %s", error)
        return HttpResponse("bad notice", status=400, content_type="text/plain")
    inbox.receive(notice=notice)
    return HttpResponse(f"OK{notice.object_id}", content_type="text/plain")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def robokassa_success(request: HttpRequest) -> HttpResponse:
    """The customer comes back from paying, which is no proof that they did."""
    own = shop()
    try:
        result = results.parse(own, _sent(request), password=own.password1)
    except BadNoticeError:
        return HttpResponseRedirect(reverse("top_up"))
    return HttpResponseRedirect(reverse("top_up_result", args=[result.top_up]))


@csrf_exempt
@require_http_methods(["GET", "POST"])
def robokassa_fail(request: HttpRequest) -> HttpResponse:
    """The customer comes back without having paid; nothing here is signed, so the order is looked up anew."""
    try:
        fields = dict(parse_qsl(_sent(request).decode(), max_num_fields=100))
        top_up = UUID(fields.get(TOP_UP, ""))
    except ValueError:
        return HttpResponseRedirect(reverse("top_up"))
    return HttpResponseRedirect(f"{reverse('top_up_result', args=[top_up])}?closed=1")


def _sent(request: HttpRequest) -> bytes:
    """The form as it was sent, or the query."""
    return request.body if request.method == "POST" else request.META["QUERY_STRING"].encode()

"""The address that Telegram sends its updates to: what carries the secret is Telegram's, everything else is refused."""

from __future__ import annotations

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications.channels import bot_api
from notifications.services.telegram_updates import handle

BODY_BYTES_MAX = 64 * 1024


@csrf_exempt
@require_POST
def telegram_update(request: HttpRequest) -> HttpResponse:
    """Take one update. 200 takes it, with an answer to the chat or none; anything else makes Telegram repeat it."""
    if not bot_api.is_set_up():
        return HttpResponse("There is no bot here.", status=404, content_type="text/plain")
    said = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    if not settings.TELEGRAM_WEBHOOK_SECRET or not constant_time_compare(said, settings.TELEGRAM_WEBHOOK_SECRET):
        return HttpResponseForbidden()
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_BYTES_MAX:
        return HttpResponse("An update has at most 64 KiB.", status=413, content_type="text/plain")
    try:
        reply = handle(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return HttpResponseBadRequest()
    return HttpResponse() if reply is None else JsonResponse(reply)

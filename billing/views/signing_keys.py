"""The public keys of signed exports, for everybody: whoever was given an export needs no account to verify it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from billing.models import SigningKey
from billing.services.exports.signing import public_keys


@require_safe
def signing_keys(request: HttpRequest) -> HttpResponse:
    """Every key that ever signed, the current one first, and how to verify with it."""
    return render(request, "billing/signing_keys.html", {"keys": public_keys()})


@require_safe
def signing_key_file(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """One key in PEM. Raises Http404 for a fingerprint of none."""
    key = get_object_or_404(SigningKey, fingerprint=fingerprint)
    response = HttpResponse(key.public_key, content_type="application/x-pem-file")
    response["Content-Disposition"] = f'attachment; filename="{key.short}.pem"'
    return response

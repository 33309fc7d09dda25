"""The end of a view as a customer."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from organizations.models import SupportView
from organizations.viewing import over, stop


@require_POST
@login_required
def end_support_view(request: HttpRequest) -> HttpResponse:
    """Back to the back office. Ending what has ended does no harm."""
    return over(request, stop(request, SupportView.Ending.BUTTON))

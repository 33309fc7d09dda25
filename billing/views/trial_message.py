"""The button that sends a test message to every channel of the reader."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.views.payment_pages import SeeOther
from notifications.services.trial_message import TooSoonError, send_test
from organizations.models import Membership
from organizations.tenancy import Tenant, tenant_page


@require_POST
@tenant_page
def trial_message(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Send it and go back to the page, which says what became of it."""
    try:
        send_test(account=tenant.account, user=tenant.user)
    except TooSoonError:
        messages.error(request, _("A test was sent within the last minute. Wait a moment for the next one."))
    except Membership.DoesNotExist as error:
        raise Http404 from error
    else:
        messages.success(request, _("The test is on its way."))
    return SeeOther(reverse("limits") + "#test")

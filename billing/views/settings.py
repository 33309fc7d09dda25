"""Settings of an account: what it is called, its timezone and language, and the tax that follows from its tax ID.

Owners change the account; owners and billing members its tax details, which are those of the organization that payments
are for by default (aitelier.md, 'Taxes and invoicing'); everybody the language of their own pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings as site
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.models import Wallet
from billing.selectors.balance import balance_of
from billing.selectors.tax_treatment import tax_today
from billing.templatetags.moments import in_place
from billing.templatetags.money import money_text
from billing.views.organizations_form import OrganizationForm
from billing.views.payment_pages import SeeOther
from billing.views.refusals import refusals
from billing.views.roles import is_owner, require_owner, require_payer
from billing.views.settings_tax import TAX_FIELDS, read_tax
from billing.views.settings_zones import typed_zone, zones
from billing.views.shell import Frame, render_page
from billing.views.tax_words import check_words, treatment_words
from organizations.languages import speaking
from organizations.models import Account, Organization
from organizations.services import organizations, people
from organizations.services.accounts import change_account
from organizations.services.organizations import Check
from organizations.tenancy import Tenant, tenant_page

PAGE = "settings"
TYPED_MAX = 1000


@dataclass(slots=True)
class AccountForm:
    """The account's own settings as text, and their errors by name."""

    name: str
    timezone: str
    language: str
    errors: dict[str, str] = field(default_factory=dict)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page
def settings(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """The page; POST saves name, timezone and language of the account."""
    if request.method != "POST":
        return _show(request, tenant)
    require_owner(tenant)
    name, zone, language = (request.POST.get(each, "")[:TYPED_MAX] for each in ("name", "timezone", "language"))
    form = AccountForm(name, typed_zone(zone), language)
    before = tenant.account.timezone
    try:
        change_account(
            account_id=tenant.account.pk,
            name=form.name,
            timezone=form.timezone,
            language=form.language,
            user_id=tenant.user.pk,
        )
    except ValidationError as error:
        form.errors = refusals(error, otherwise="name")
        return _show(request, tenant, form=form)
    with speaking(tenant.user, Account.objects.get(pk=tenant.account.pk)):
        messages.success(request, _saved(tenant, form.timezone) if form.timezone != before else _("Saved."))
    return SeeOther(reverse(PAGE))


@require_POST
@tenant_page
def settings_language(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Read all pages in one's own language; none is the account's. Raises Http404 for one that we have not."""
    language = request.POST.get("own_language", "")
    try:
        people.choose_language(user_id=tenant.user.pk, language=language)
    except LookupError:
        raise Http404 from None
    tenant.user.language = language
    with speaking(tenant.user, tenant.account):
        messages.success(request, _("Saved."))
    return SeeOther(reverse(PAGE))


@require_POST
@tenant_page
def settings_tax(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    """Change country, region and tax ID of the default organization. Raises Http404 where there is none."""
    require_payer(tenant)
    organization = tenant.one(Organization, is_default=True)
    details = read_tax(request.POST, organizations.details_of(organization))
    found = organizations.check(account_id=tenant.account.pk, details=details, organization=organization)
    form = OrganizationForm(found.details, found)
    if found.errors or (found.warnings and request.POST.get("accepted", "") != form.accepted):
        return _show(request, tenant, tax=form)
    try:
        organizations.change(
            account_id=tenant.account.pk,
            organization_id=organization.pk,
            details=found.details,
            user_id=tenant.user.pk,
        )
    except ValidationError as error:
        form.found = Check(found.details, refusals(error, otherwise="tax_id"))
        return _show(request, tenant, tax=form)
    messages.success(request, _("Saved. From the next top-up on the tax follows it."))
    return SeeOther(reverse(PAGE))


def _saved(tenant: Tenant, name: str) -> str:
    """What a new timezone means for the day that is running."""
    balance = balance_of(tenant.rows(Wallet).select_related("account").get())
    return _("Saved. Today began at midnight %(place)s: %(spent)s spent so far.") % {
        "place": in_place(ZoneInfo(name)),
        "spent": money_text(balance.spent_today, balance.currency),
    }


def _show(
    request: HttpRequest, tenant: Tenant, *, form: AccountForm | None = None, tax: OrganizationForm | None = None
) -> HttpResponse:
    frame = Frame(request, tenant)
    account = tenant.account
    organization = tenant.rows(Organization).filter(is_default=True).first()
    if tax is None and organization is not None:
        tax = OrganizationForm(organizations.details_of(organization))
    languages = dict(site.LANGUAGES)
    today = tax_today(terms=frame.terms, account=account, organization=organization, on=frame.today)
    context: dict[str, Any] = {
        "section": "account",
        "is_owner": is_owner(tenant),
        "form": form or AccountForm(account.name, account.timezone, account.language),
        "zones": zones(timezone.now()) if is_owner(tenant) else [],
        "in_place": in_place(frame.zone),
        "languages": site.LANGUAGES,
        "accounts_language": languages.get(account.language, ""),
        "spoken": languages.get(translation.get_language() or "", ""),
        "organization": organization,
        "tax": tax,
        "tax_fields": [tax.field(name) for name in TAX_FIELDS if name != "country"] if tax else [],
        "elsewhere": [each for each in (*tax.wrong, *tax.doubtful) if each.name not in TAX_FIELDS] if tax else [],
        "treatment": treatment_words(today),
        "register": check_words(today.check, frame.zone),
    }
    wrong = bool((form and form.errors) or (tax and tax.wrong))
    status = 422 if wrong else 200
    return render_page(request, frame, "billing/settings.html", context, current=PAGE, status=status)

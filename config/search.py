"""The back office's global search: accounts, people, projects, keys and calls, a bounded number of each."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from unfold.dataclasses import SearchResult

from billing.models import Wallet
from organizations.models import Account, Project, Service, ServiceKey, User
from usage.models import RateCard, UsageEvent

RESULTS_PER_MODEL = 8
SEARCHED = (
    (Account, "domain"),
    (Wallet, "account_balance_wallet"),
    (UsageEvent, "call"),
    (Project, "folder"),
    (User, "badge"),
    (RateCard, "sell"),
    (Service, "dns"),
    (ServiceKey, "key"),
)


def find(request: HttpRequest, search_term: str) -> list[SearchResult]:
    """What matches, for the models that this person may view; call ids keep their case."""
    term = request.GET.get("s", search_term).strip()
    results: list[SearchResult] = []
    for model, icon in SEARCHED:
        model_admin = admin.site.get_model_admin(model)
        if not model_admin.has_view_permission(request):
            continue
        found, _duplicates = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
        meta = model._meta
        related = model_admin.list_select_related
        if not isinstance(related, bool):
            found = found.select_related(*related)
        if model in (Project, RateCard):
            found = found.select_related("account__product")
        for row in found[:RESULTS_PER_MODEL]:
            key = row.prefix if isinstance(row, ServiceKey) else row.pk
            results.append(
                SearchResult(
                    title=row.call_id or row.event_id if isinstance(row, UsageEvent) else str(row),
                    description=_where(row, str(meta.verbose_name)),
                    link=reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[key]),
                    icon=icon,
                )
            )
    return results


def _where(row: object, kind: str) -> str:
    """The kind of row and, for a customer's, whose it is and at which product."""
    account = row if isinstance(row, Account) else getattr(row, "account", None)
    if not isinstance(account, Account):
        return kind.capitalize()
    known = isinstance(row, Account | Wallet)  # its title names the account
    return ", ".join([kind.capitalize(), *([] if known else [account.name]), account.product.name])

"""Accounts and what a service may read of them (API.md, 'Accounts' and `GET calls`). Thin: no rules here."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from billing.selectors.balance import balance_of
from billing.services.accounts import open_account
from organizations.models import Account, Product, Scope
from usage.api import answers, idempotency
from usage.api.base import ServiceView, find_account, key_of_view
from usage.api.estimates import read_estimate
from usage.api.hot_schema import ESTIMATE
from usage.api.pagination import page, read_cursor, read_limit
from usage.api.parameters import ACCOUNT, CALL_FILTERS, IDEMPOTENCY_KEY, PAGING, USAGE_FILTERS
from usage.api.query import read_day, read_day_or_moment, read_query
from usage.api.serializers import AccountSerializer, NewAccountSerializer
from usage.selectors.calls import CallFilter, call_dict, list_calls
from usage.selectors.transactions import list_transactions, transaction_dicts
from usage.selectors.usage_report import total_spent, usage_by, usage_by_component
from usage.services.estimate import estimate

USAGE_DAYS_MAX = 366
COMPONENT = "component"
GROUP_BY = ("day", "project", COMPONENT, "outcome")


class AccountsView(ServiceView):
    """`POST accounts`."""

    required_scope = Scope.MANAGE.value

    @extend_schema(
        operation_id="create_account",
        parameters=[IDEMPOTENCY_KEY],
        request=NewAccountSerializer,
        responses={201: AccountSerializer, 200: AccountSerializer},
    )
    def post(self, request: Request) -> Response:
        """A tenant signed up at the service: 201, or 200 for one that exists, to which missing projects are added."""
        key = key_of_view(request)
        body = request._request.body

        def work() -> idempotency.Answer:
            given = NewAccountSerializer(data=request.data)
            given.is_valid(raise_exception=True)
            found = given.validated_data
            account, is_new = open_account(
                product=Product.objects.get(pk=key.product_id),
                external_id=found["account"],
                name=found["name"],
                email=found["email"],
                country=found.get("country", ""),
                timezone=found.get("timezone", ""),
                projects=found.get("projects", []),
            )
            return 201 if is_new else 200, account_dict(account, key.currency)

        status, document = idempotency.once(request._request, key, body, work)
        return Response(document, status=status)


def account_dict(account: Account, currency: str) -> dict[str, Any]:
    """An account as the service sees it."""
    return {
        "account": account.external_id,
        "name": account.name,
        "email": account.email,
        "country": account.country,
        "timezone": account.timezone,
        "status": account.status,
        "currency": currency,
        "projects": [
            {"project": project.external_id, "name": project.name, "mode": project.mode}
            for project in account.projects.order_by("id")
        ],
        "created_at": account.created_at.isoformat(),
    }


class BalanceView(ServiceView):
    """`GET accounts/{account}/balance`."""

    required_scope = Scope.READ.value

    @extend_schema(operation_id="get_balance", parameters=[ACCOUNT], responses={200: answers.BalanceSerializer})
    def get(self, request: Request, account: str) -> Response:
        """The account's balance, its parts, and whether calls may start."""
        read_query(request.query_params)
        return Response(balance_of(find_account(key_of_view(request), account).wallet).as_dict())


class TransactionsView(ServiceView):
    """`GET accounts/{account}/transactions`."""

    required_scope = Scope.READ.value

    @extend_schema(
        operation_id="list_transactions",
        parameters=[ACCOUNT, *PAGING],
        responses={200: answers.TransactionPageSerializer},
        filters=False,
    )
    def get(self, request: Request, account: str) -> Response:
        """The account's history, newest first."""
        query = read_query(request.query_params, "cursor", "limit")
        wallet = find_account(key_of_view(request), account).wallet
        name, limit = f"transactions:{wallet.pk}", read_limit(query)
        after = read_cursor(query, name)
        rows = list_transactions(wallet_id=wallet.pk, before=after[0] if after else None, limit=limit + 1)
        shown = rows[:limit]
        position = [shown[-1].number] if len(rows) > limit else None
        return Response(page(query, name, transaction_dicts(shown), position=position))


class UsageView(ServiceView):
    """`GET accounts/{account}/usage`."""

    required_scope = Scope.READ.value

    @extend_schema(
        operation_id="get_usage", parameters=[ACCOUNT, *USAGE_FILTERS], responses={200: answers.UsageSerializer}
    )
    def get(self, request: Request, account: str) -> Response:
        """Usage between two of the account's days, both included; from the month's first to today if left out."""
        query = read_query(request.query_params, "from", "to", "group_by")
        found = find_account(key_of_view(request), account)
        group_by = query.get("group_by", "day")
        if group_by not in GROUP_BY:
            raise ValidationError({"group_by": [f"Must be one of: {', '.join(GROUP_BY)}."]})
        first_day, last_day = _days(query, timezone.now().astimezone(ZoneInfo(found.timezone)).date())
        if group_by == COMPONENT:
            rows = usage_by_component(account_id=found.pk, first_day=first_day, last_day=last_day)
        else:
            rows = usage_by(group_by, account_id=found.pk, first_day=first_day, last_day=last_day)
        return Response(
            {
                "account": found.external_id,
                "currency": found.product.currency,
                "timezone": found.timezone,
                "from": first_day.isoformat(),
                "to": last_day.isoformat(),
                "group_by": group_by,
                "spent": total_spent(rows, simulated=False),
                "simulated_spent": total_spent(rows, simulated=True),
                "results": rows,
            }
        )


def _days(query: dict[str, str], today: date) -> tuple[date, date]:
    last_day = read_day(query, "to") or today
    first_day = read_day(query, "from") or last_day.replace(day=1)
    if not timedelta(0) <= last_day - first_day < timedelta(days=USAGE_DAYS_MAX):
        raise ValidationError({"from": [f"Must not be after `to`, nor {USAGE_DAYS_MAX} days or more before it."]})
    return first_day, last_day


class EstimatesView(ServiceView):
    """`POST accounts/{account}/estimates`."""

    required_scope = Scope.READ.value

    @extend_schema(
        operation_id="estimate",
        parameters=[ACCOUNT],
        request={"application/json": ESTIMATE},
        responses={200: answers.EstimateSerializer},
    )
    def post(self, request: Request, account: str) -> Response:
        """What the event would cost, line by line; nothing is written."""
        key = key_of_view(request)
        event = read_estimate(request.data, subject=account, now=timezone.now())
        return Response(estimate(key=key, account_external_id=account, event=event))


class CallsView(ServiceView):
    """`GET calls`."""

    required_scope = Scope.READ.value

    @extend_schema(
        operation_id="list_calls",
        parameters=[*CALL_FILTERS, *PAGING],
        responses={200: answers.CallPageSerializer},
        filters=False,
    )
    def get(self, request: Request) -> Response:
        """Calls with their charges, newest first: of an account, or those with a `call_id`, or both."""
        query = read_query(request.query_params, "account", "call_id", "from", "to", "cursor", "limit")
        wanted = self._filter(request, query)
        name, limit = f"calls:{wanted.product_id}", read_limit(query)
        after = read_cursor(query, name)
        position = (date.fromisoformat(after[0]), int(after[1])) if after else None
        calls = list_calls(wanted, after=position, limit=limit + 1)
        shown = calls[:limit]
        last = [shown[-1].day.isoformat(), shown[-1].pk] if len(calls) > limit else None
        return Response(page(query, name, [call_dict(call) for call in shown], position=last))

    def _filter(self, request: Request, query: dict[str, str]) -> CallFilter:
        key = key_of_view(request)
        if "account" not in query and "call_id" not in query:
            words = ["Name an account, a call_id, or both."]
            raise ValidationError({"account": words, "call_id": words})
        earliest, latest = read_day_or_moment(query, "from"), read_day_or_moment(query, "to")
        account_id = find_account(key, query["account"]).pk if "account" in query else None
        return CallFilter(
            product_id=key.product_id,
            account_id=account_id,
            call_id=query.get("call_id", ""),
            first_day=None if isinstance(earliest, datetime) else earliest,
            last_day=None if isinstance(latest, datetime) else latest,
            started_from=earliest if isinstance(earliest, datetime) else None,
            started_before=latest if isinstance(latest, datetime) else None,
        )

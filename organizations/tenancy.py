"""The one place through which every customer page reaches an account's rows.

A page gets a `Tenant`: the account that the reader chose among those it is a member of, held in the session, and
within it the project that filters the pages (`?project=`). A form acts on the account whose page it stood on, though
another one was chosen in a second window since; a letter's link names its account (`?of_account=`) and chooses it, for
its members, on the way to the page. What is not the reader's does not exist: it answers 404, whether it is
another account's or nobody's.

Staff who view a customer's pages (`organizations.viewing`) get that account's tenant, as its owner sees it, and none of
their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject

from organizations.languages import speak_accounts_language
from organizations.models import Account, Membership, Product, Project, Role, SupportView, User
from organizations.viewing import view_of

SESSION_KEY = "account"
FORM_FIELD = "page_of_account"  # organizations.templatetags.account_forms
PROJECT_PARAMETER = "project"
ACCOUNT_PARAMETER = "of_account"  # of links in letters

M = TypeVar("M", bound=Model)
P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, "Tenant", P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who looks at what: the account, the reader's place in it and in others, and the project pages are narrowed to."""

    account: Account
    role: Role
    user: User
    memberships: tuple[Membership, ...]
    projects: tuple[Project, ...]
    project: Project | None
    view: SupportView | None = None  # what somebody of the staff sees it by, who is no member

    @property
    def is_viewed(self) -> bool:
        """Whether somebody of the staff looks at the account's pages as its owner sees them, to read only."""
        return self.view is not None

    @property
    def product(self) -> Product:
        """What the account is a customer of."""
        return self.account.product

    def rows(self, model: type[M]) -> QuerySet[M]:
        """The account's rows of a model that belongs to an account, directly or through its wallet.

        Raises LookupError for a model that belongs to no account: such rows are no customer's to see.
        """
        names = {field.name for field in model._meta.get_fields()}
        manager = model._default_manager
        if "account" in names:
            return manager.filter(account=self.account)
        if "wallet" in names:
            return manager.filter(wallet__account=self.account)
        raise LookupError(f"{model.__name__} belongs to no account.")

    def one(self, model: type[M], **lookup: Any) -> M:
        """The account's one row that matches. Raises Http404 where there is none, another account's included."""
        row = self.rows(model).filter(**lookup).first()
        if row is None:
            raise Http404
        return row

    def within(self, project_id: str) -> Tenant:
        """The same, narrowed to a project; "" is all of them. Raises Http404 for what is not the account's."""
        if not project_id:
            return self
        for project in self.projects:
            if str(project.id) == project_id:
                return replace(self, project=project)
        raise Http404


def current_tenant(request: HttpRequest) -> Tenant | None:
    """The reader's tenant, or None for a reader without any account.

    The session's choice holds as long as the membership does; sending a form chooses the account of its page, following
    a letter's link that of the letter. Raises Http404 for a form or link of an account, or for a project, that is not
    the reader's.
    """
    user = cast(User, request.user)
    view = view_of(request)
    if view is not None:
        return _viewed(request, view, user)
    memberships = list(
        Membership.objects.filter(user=user).select_related("account__product").order_by("account__name", "account_id")
    )
    if not memberships:
        return None
    membership = _of_form(request, memberships) or _of_link(request, memberships)
    if membership is None:
        chosen = request.session.get(SESSION_KEY)
        membership = next((each for each in memberships if each.account_id == chosen), memberships[0])
    tenant = Tenant(
        account=membership.account,
        role=Role(membership.role),
        user=user,
        memberships=tuple(memberships),
        projects=_projects_of(membership.account),
        project=None,
    )
    return tenant.within(request.GET.get(PROJECT_PARAMETER, ""))


def _viewed(request: HttpRequest, view: SupportView, user: User) -> Tenant:
    """The account that somebody of the staff looks at. Raises Http404 for a link to the page of another one."""
    account = view.account
    if request.GET.get(ACCOUNT_PARAMETER, str(account.pk)) != str(account.pk):
        raise Http404
    tenant = Tenant(
        account=account,
        role=Role.OWNER,
        user=user,
        memberships=(),
        projects=_projects_of(account),
        project=None,
        view=view,
    )
    return tenant.within(request.GET.get(PROJECT_PARAMETER, ""))


def _projects_of(account: Account) -> tuple[Project, ...]:
    """Read when they are first looked at: what is asked every few seconds needs none."""
    return cast("tuple[Project, ...]", SimpleLazyObject(lambda: tuple(account.projects.all())))


def _of_form(request: HttpRequest, memberships: list[Membership]) -> Membership | None:
    """The membership in the account of the form that was sent, chosen from now on; None where no form says one."""
    return _choose(request, memberships, request.POST.get(FORM_FIELD))


def _of_link(request: HttpRequest, memberships: list[Membership]) -> Membership | None:
    """The same for the account that a letter's link names."""
    return _choose(request, memberships, request.GET.get(ACCOUNT_PARAMETER))


def _choose(request: HttpRequest, memberships: list[Membership], stated: str | None) -> Membership | None:
    if stated is None:
        return None
    for each in memberships:
        if str(each.account_id) == stated:
            request.session[SESSION_KEY] = each.account_id
            return each
    raise Http404


def link_of_account(url: str, account_id: int) -> str:
    """The address of a customer's page, for a letter: whoever follows it sees the page of this account."""
    address, hash_sign, place = url.partition("#")
    sign = "&" if "?" in address else "?"
    return f"{address}{sign}{urlencode({ACCOUNT_PARAMETER: account_id})}{hash_sign}{place}"


def _without_account(request: HttpRequest) -> str:
    """The address that was asked for, without the account that a letter's link named."""
    query = request.GET.copy()
    del query[ACCOUNT_PARAMETER]
    return f"{request.path}?{query.urlencode()}" if query else request.path


def tenant_page(page: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Make a page of a function that takes the request and the reader's tenant, in the language of the two.

    Readers who are not signed in go to the sign-in page; those without an account are told so.
    """

    @wraps(page)
    def view(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        tenant = current_tenant(request)
        if tenant is None:
            return render(request, "organizations/no_account.html")
        if request.method in ("GET", "HEAD") and ACCOUNT_PARAMETER in request.GET:
            return redirect(_without_account(request))
        speak_accounts_language(tenant.user, tenant.account)
        return page(request, tenant, *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", login_required(view))

"""What a look-up is: the rows of one model that a term may mean, each asked for through an index.

`exact` asks by identifiers, `begun` by the beginning of one or by words of a name; a look-up answers with no statement
where the term cannot be what it looks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from config.searching.terms import Term
from organizations.models import Account, ServiceKey
from organizations.selectors.finding import with_words

EACH_MOST = 8
Rows = QuerySet[Any]
Ask = Callable[[Term], Iterable[Rows]]


def nothing(term: Term) -> list[Rows]:
    """No rows, for no statement."""
    return []


@dataclass(frozen=True)
class Found:
    """One answer: what it is, whose, where its page is, and whether the term names it or only begins like it."""

    title: str
    kind: str
    whose: str
    facts: str
    link: str
    icon: str
    is_exact: bool

    @property
    def description(self) -> str:
        """All that is said beside the title, on one line."""
        return ", ".join(part for part in (self.kind, self.whose, self.facts) if part)


@dataclass(frozen=True)
class LookUp:
    """One model: how its rows are asked for, and what is said of each."""

    model: type[Model]
    icon: str
    exact: Ask = nothing
    begun: Ask = nothing
    related: tuple[str, ...] = ()
    account: str = ""
    """The way from the row to its account, such as wallet.account."""
    title: Callable[[Any], str] = str
    facts: Callable[[Any], str] = field(default=lambda row: "")
    kind: str = ""

    def may_view(self, request: HttpRequest) -> bool:
        """Whether this person may open what is found."""
        registered = admin.site._registry.get(self.model)
        return registered is not None and registered.has_view_permission(request)

    def find(self, term: Term, most: int = EACH_MOST) -> list[Found]:
        """At most `most` answers, each row once, what the term names first."""
        found: dict[Any, Found] = {}
        for is_exact, asked in ((True, self.exact), (False, self.begun)):
            for rows in asked(term):
                room = most - len(found)
                if room <= 0:
                    break
                for row in rows.select_related(*self.related)[: room + len(found)]:
                    found.setdefault(row.pk, self._found(row, is_exact))
        return list(found.values())[:most]

    def _found(self, row: Any, is_exact: bool) -> Found:
        meta = self.model._meta
        key = row.prefix if isinstance(row, ServiceKey) else row.pk
        return Found(
            title=self.title(row),
            kind=self.kind or str(meta.verbose_name).capitalize(),
            whose=self._whose(row),
            facts=self.facts(row),
            link=reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[key]),
            icon=self.icon,
            is_exact=is_exact,
        )

    def _whose(self, row: Any) -> str:
        account = row
        for step in self.account.split("."):
            account = getattr(account, step, None) if step else None
        return f"{account.name}, {account.product.name}" if isinstance(account, Account) else ""


def words_in(model: type[Model], term: Term, column: str = "name") -> list[Rows]:
    """The rows whose `column` has words that begin as the term's: `to_tsvector('simple', …)` has an index."""
    return [with_words(model, term.words, column).order_by("pk")] if term.words else []

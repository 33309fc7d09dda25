"""Rows by what a person types into a list's search box, through indexes alone: a list that grows is never read through.

Names are found by the beginnings of their words, identifiers and addresses by their beginning, whatever their case.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, TypeVar

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Func, Model, Q, QuerySet
from django.db.models.functions import Lower, Upper

from organizations.models import Account, Organization

FEW = 500
WORDS = re.compile(r"\w+")
Row = TypeVar("Row", bound=Model)


def begun_words(text: str) -> str:
    """The words of a name for `to_tsquery`: each may be only begun. Empty where there are none."""
    return " & ".join(f"'{word}':*" for word in WORDS.findall(text.lower())) if len(text) >= 2 else ""


def with_words(model: type[Model], words: str, column: str = "name") -> QuerySet[Any]:
    """The rows whose `column` has those `begun_words`: `to_tsvector('simple', …)` has an index."""
    if not words:
        return model._default_manager.none()
    asked = Func(column, template="to_tsvector('simple', %(expressions)s)", output_field=SearchVectorField())
    query = SearchQuery(words, config="simple", search_type="raw")
    return model._default_manager.annotate(named=asked).filter(named=query)


def accounts(term: str) -> Collection[int] | QuerySet[Any]:
    """Ids of accounts by identifier, e-mail or name, for a filter by `__in`."""
    rows = Account.objects.annotate(identifier=Lower("external_id"), address=Lower("email"))
    named = rows.filter(Q(identifier__startswith=term.lower()) | Q(address__startswith=term.lower()))
    return _few(_either(named, with_words(Account, begun_words(term))))


def organizations(term: str) -> Collection[int] | QuerySet[Any]:
    """Ids of organizations by name or tax id, for a filter by `__in`."""
    bare = term.replace(" ", "").upper()
    taxed = Organization.objects.annotate(asked=Upper("tax_id")).filter(asked__startswith=bare).exclude(tax_id="")
    return _few(_either(taxed, with_words(Organization, begun_words(term))))


def any_of(queryset: QuerySet[Row], *ways: QuerySet[Any]) -> QuerySet[Row]:
    """The rows of `queryset` that one of the ways finds, each asked by itself so that its own index serves it."""
    return queryset.filter(pk__in=_either(*ways))


def _few(ids: QuerySet[Any]) -> Collection[int] | QuerySet[Any]:
    """The ids themselves where they are few, so that PostgreSQL knows of how few rows it is asked."""
    found = [row["pk"] for row in ids[: FEW + 1]]
    return found if len(found) <= FEW else ids


def _either(*ways: QuerySet[Any]) -> QuerySet[Any]:
    first, *others = (way.order_by().values("pk") for way in ways)
    return first.union(*others)

"""Who and what an event or a call is about: accounts, their wallets and projects, found by the service's identifiers.

A constant number of statements, in one round trip, however many events ask. Nothing is kept in memory between
requests, so a project that went live or an account that was suspended is seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from organizations.database import Statement, text_array
from organizations.models import Mode

ACCOUNTS = """
SELECT a.external_id, a.id, w.id, a.timezone FROM organizations_account a
  JOIN billing_wallet w ON w.account_id = a.id
 WHERE a.product_id = %s AND a.external_id = ANY(%s::text[])
"""
PROJECTS = """
SELECT a.external_id, p.external_id, p.id, p.mode FROM unnest(%s::text[], %s::text[]) AS k(account, project)
  JOIN organizations_account a ON a.product_id = %s AND a.external_id = k.account
  JOIN organizations_project p ON p.account_id = a.id AND p.external_id = k.project
"""
SOLE_PROJECTS = """
SELECT a.external_id, min(p.id), min(p.mode) FROM organizations_account a
  JOIN organizations_project p ON p.account_id = a.id
 WHERE a.product_id = %s AND a.external_id = ANY(%s::text[]) GROUP BY a.external_id HAVING count(*) = 1
"""


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account as far as charging needs it."""

    id: int
    wallet_id: int
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """A project and whether its charges are simulated."""

    id: int
    is_sandbox: bool


@dataclass(frozen=True, slots=True)
class Context:
    """What was found; a project left out (None) is the account's only one."""

    accounts: dict[str, AccountRef]
    projects: dict[tuple[str, str | None], ProjectRef]


def statements(product_id: int, wanted: Iterable[tuple[str, str | None]]) -> list[Statement]:
    """The three statements that look up the wanted (account, project) identifiers."""
    pairs = sorted({(account, project) for account, project in wanted if project is not None})
    everyone = sorted({account for account, _ in wanted})
    bare = sorted({account for account, project in wanted if project is None})
    return [
        (ACCOUNTS, [product_id, text_array(everyone)]),
        (PROJECTS, [text_array([a for a, _ in pairs]), text_array([p for _, p in pairs]), product_id]),
        (SOLE_PROJECTS, [product_id, text_array(bare)]),
    ]


def build(accounts: list[tuple[Any, ...]], projects: list[tuple[Any, ...]], sole: list[tuple[Any, ...]]) -> Context:
    """The context made of the rows of `statements`."""
    found: dict[tuple[str, str | None], ProjectRef] = {
        (account, project): ProjectRef(project_id, mode == Mode.SANDBOX)
        for account, project, project_id, mode in projects
    }
    for account, project_id, mode in sole:
        found[account, None] = ProjectRef(project_id, mode == Mode.SANDBOX)
    return Context({row[0]: AccountRef(row[1], row[2], ZoneInfo(row[3])) for row in accounts}, found)

"""Who and what an event or a call is about: accounts, their wallets and projects, found by the service's identifiers.

A constant number of statements, in one round trip, however many events ask. Nothing is kept in memory between
requests, so a project that went live or an account that was suspended is seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from organizations.database import Statement, run, text_array
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
SELECT a.external_id, NULL, min(p.id), min(p.mode) FROM organizations_account a
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


def find(product_id: int, wanted: Iterable[tuple[str, str | None]]) -> Context:
    """Look up the wanted (account, project) identifiers; what does not exist is not in the answer."""
    pairs = set(wanted)
    named = sorted((account, project) for account, project in pairs if project is not None)
    bare = sorted(account for account, project in pairs if project is None)
    statements: list[Statement] = [(ACCOUNTS, [product_id, text_array({account for account, _ in pairs})])]
    if named:
        statements.append(
            (PROJECTS, [text_array([a for a, _ in named]), text_array([p for _, p in named]), product_id])
        )
    if bare:
        statements.append((SOLE_PROJECTS, [product_id, text_array(bare)]))
    accounts, *projects = run(*statements)
    return Context(
        {row[0]: AccountRef(row[1], row[2], ZoneInfo(row[3])) for row in accounts},
        {
            (account, project): ProjectRef(project_id, mode == Mode.SANDBOX)
            for rows in projects
            for account, project, project_id, mode in rows
        },
    )

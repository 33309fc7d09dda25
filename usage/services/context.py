"""Who and what an event or a call is about: accounts, their wallets and projects, found by the service's identifiers.

One statement, however many events ask. Nothing is kept in memory between
requests, so a project that went live or an account that was suspended is seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from organizations.database import rows, run
from organizations.models import Mode

# A project that is left out is the account's only one.
FIND = """
SELECT k.account, k.project, a.id, w.id, a.timezone, coalesce(named.id, sole.id), coalesce(named.mode, sole.mode)
  FROM {rows} AS k(account, project)
  JOIN organizations_account a ON a.product_id = %s AND a.external_id = k.account
  JOIN billing_wallet w ON w.account_id = a.id
  LEFT JOIN organizations_project named ON named.account_id = a.id AND named.external_id = k.project
  LEFT JOIN LATERAL (
    SELECT min(p.id) AS id, min(p.mode) AS mode FROM organizations_project p
     WHERE k.project IS NULL AND p.account_id = a.id HAVING count(*) = 1
  ) sole ON true
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
    pairs = list(set(wanted))
    keys, params = rows(("text", [account for account, _ in pairs]), ("text", [project for _, project in pairs]))
    (found,) = run((FIND.format(rows=keys), [*params, product_id]))
    return Context(
        {row[0]: AccountRef(row[2], row[3], ZoneInfo(row[4])) for row in found},
        {(row[0], row[1]): ProjectRef(row[5], row[6] == Mode.SANDBOX) for row in found if row[5] is not None},
    )

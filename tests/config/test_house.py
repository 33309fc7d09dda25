"""The rules of the house that no linter knows: sizes, names, and who may write ledger rows."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from config.settings import BASE_DIR

APPS = ("config", "usage", "billing", "notifications", "organizations")
MODULE_LINES_MAX = 500
MODULE_LINES_MEDIAN_MAX = 120
FUNCTION_LINES_MAX = 70
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}

# Who writes the ledger: its rows, and everything that is cached from them.
LEDGER_WRITERS = {
    "billing/services/writing.py",  # the statements of `billing.services.ledger`
    "billing/services/ledger.py",
    "billing/services/holds.py",  # a hold's first row; its ends go through the ledger
    "billing/services/wallets.py",  # a new wallet's empty accounts
}
LEDGER_TABLES = "transaction|transfer|ledgeraccount|grant|hold|hourlymovement"
LEDGER_MODELS = "Transaction|Transfer|LedgerAccount|Grant|Hold|HourlyMovement"
CACHED_COLUMNS = "paid|promo|allotment|debt|held|held_calls|spent_today|last_number|chain_head"
LEDGER_WRITES = re.compile(
    rf"(INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY)\s+billing_({LEDGER_TABLES}|wallet)\b"
    rf"|\b({LEDGER_MODELS})\.objects\.(create|bulk_create|update|bulk_update|get_or_create|update_or_create)\("
    rf"|\b({LEDGER_MODELS})\.objects\.[^\n]*\)\.(update|delete)\("
    rf"|\bWallet\.objects\.[^\n]*\.update\([^)]*\b({CACHED_COLUMNS})\b\s*="
)


def modules(*roots: str) -> Iterator[Path]:
    """Python files of the project, without what Django generates."""
    for root in roots:
        for path in sorted((BASE_DIR / root).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_module_is_longer_than_500_lines() -> None:
    assert [str(path) for path in modules(*APPS, "tests") if lines(path) > MODULE_LINES_MAX] == []


def test_no_function_is_longer_than_70_lines() -> None:
    long = []
    for path in modules(*APPS, "tests"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    long.append(f"{path}:{node.lineno} {node.name} has {length} lines")
    assert long == []


def test_half_of_the_modules_are_short() -> None:
    sizes = [lines(path) for path in modules(*APPS) if path.name != "__init__.py"]
    assert statistics.median(sizes) <= MODULE_LINES_MEDIAN_MAX


def test_no_module_has_a_vague_name() -> None:
    assert [str(path) for path in modules(*APPS, "tests") if path.stem in VAGUE_NAMES] == []


def test_only_the_ledger_service_writes_ledger_rows() -> None:
    found = []
    for path in modules(*APPS):
        name = path.relative_to(BASE_DIR).as_posix()
        if name not in LEDGER_WRITERS:
            found += [f"{name}: {match[0]}" for match in LEDGER_WRITES.finditer(path.read_text())]
    assert found == []


def test_the_search_for_ledger_writes_finds_them() -> None:
    for text in (
        "INSERT INTO billing_transfer (a)",
        "UPDATE billing_wallet w SET paid = 0",
        "Grant.objects.create(wallet=wallet)",
        "Hold.objects.filter(pk=1).update(amount=0)",
        "Wallet.objects.filter(pk=1).update(paid=0)",
    ):
        assert LEDGER_WRITES.search(text), text
    assert not LEDGER_WRITES.search("Wallet.objects.filter(pk=1).update(is_frozen=True)")


def test_migrations_are_complete(db: None) -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_float_stands_where_money_is_computed() -> None:
    found = []
    for path in modules("billing", "usage/rating", "usage/selectors", "usage/services"):
        if "demo" in path.parts:  # its floats are seconds
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
                found.append(f"{path}:{node.lineno}")
    assert found == []


def test_no_app_listens_to_domain_signals() -> None:
    wanted = re.compile(r"\b(pre|post)_(save|delete|init)\b|m2m_changed|@receiver")
    assert [str(path) for path in modules(*APPS) if wanted.search(path.read_text())] == []

"""axe-core in the browser: what is wrong with the open page, for those who use it otherwise than by eye.

It is for tests only and no part of the repository: `make axe` brings the version that is pinned here, by its hash.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.settings import BASE_DIR

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOURCE = Path(os.environ.get("VENV", BASE_DIR / ".venv")) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"  # 4.14.1
# The size of targets is a rule that axe leaves out by default.
FINDINGS = """async () => {
    const found = await axe.run({resultTypes: ["violations"], rules: {"target-size": {enabled: true}}});
    return found.violations.flatMap(rule => rule.nodes.map(
        node => `${rule.impact} ${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


def source() -> str:
    """The script, if it is the one we know. Without it the test is skipped, or fails where REQUIRE_BROWSER is set."""
    if not SOURCE.exists():
        reason = "No axe-core found: run `make axe`."
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    script = SOURCE.read_bytes()
    assert hashlib.sha256(script).hexdigest() == SHA256, "This is another axe-core than the one pinned: run `make axe`."
    return script.decode()


def findings(page: Page, script: str) -> list[str]:
    """All that axe calls a fault of the page, whatever its weight; the script gets past the page's own policy."""
    page.evaluate(f"() => {{ {script} }}")
    return list(page.evaluate(FINDINGS))

"""Going through an action of the back office as a browser does: its form, its confirmation, the deed."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client


def token_of(html: str) -> str:
    """The form's own token."""
    found = re.search(r'name="token" value="([0-9a-f-]{36})"', html)
    assert found is not None
    return found.group(1)


def act(client: Client, address: str, **fields: Any) -> tuple[str, Any, dict[str, Any]]:
    """Open the action, fill in the form and confirm: the confirmation's HTML, the last answer and what was sent."""
    opened = client.get(address)
    assert opened.status_code == 200
    data = {"token": token_of(opened.content.decode()), **fields}
    asked = client.post(address, {**data, "step": "check"})
    return asked.content.decode(), client.post(address, {**data, "step": "confirm"}), data

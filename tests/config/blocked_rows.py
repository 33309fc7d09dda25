"""A blocked caller per account, for the back office's lists."""

from __future__ import annotations

from organizations.models import Account
from tests.factories import make_user
from usage.services.blocking import block


def blocked_rows(account: Account) -> None:
    """Somebody who calls too often."""
    block(
        product_id=account.product_id, account_id=account.pk, caller="+1 415 555 0100", reason="Spam",
        user_id=make_user().pk,
    )  # fmt: skip

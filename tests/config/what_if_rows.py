"""What-if runs for the back office's lists, as they lie in the database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from organizations.models import Account
from tests.factories import make_user
from usage.models import RateCardVersion, WhatIfAccount, WhatIfRun, WhatIfStatus


def what_if_rows(account: Account, number: int) -> None:
    """One finished run with one account; `number` tells them apart."""
    day = date(2026, 1, 1) + timedelta(days=number)
    version = RateCardVersion.objects.filter(card__product=account.product, card__account=None).first()
    run = WhatIfRun.objects.create(
        version=version,
        version_name=str(version),
        product=account.product,
        currency=account.product.currency,
        first_day=day,
        last_day=day,
        requested_by=make_user(),
        status=WhatIfStatus.DONE,
        calls=2,
        changed=1,
        unpriced=1,
        actual=Decimal("0.014"),
        would_be=Decimal("0.020"),
        components={"llm": {"label": "LLM", "actual": "0.014", "would_be": "0.020"}},
        most_changed=[{"event": 1, "account": account.pk, "actual": "0.014", "would_be": "0.020"}],
        first_unpriced=[{"event": 2, "account": account.pk, "actual": "0.014", "why": "On request."}],
    )
    WhatIfAccount.objects.create(run=run, account=account, currency=run.currency, calls=2, would_be=Decimal("0.020"))

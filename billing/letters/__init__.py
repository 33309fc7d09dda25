"""The words of the notices that billing tells, by subject; registered when the app is ready.

Each module opens with the facts that its events need. Words are made for one reader at a time, in the active language.
"""

from __future__ import annotations

from billing.letters import (
    auto_top_up,
    credit,
    disputes,
    documents,
    exports,
    payments,
    refunds,
    spending,
    subscriptions,
    trial,
)
from billing.letters import wallet as wallets

SUBJECTS = (
    *(auto_top_up, credit, disputes, documents, exports),
    *(payments, refunds, spending, subscriptions, trial, wallets),
)


def register_all() -> None:
    """Give every event of billing its words."""
    for subject in SUBJECTS:
        subject.register_words()

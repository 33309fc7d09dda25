"""What is recorded of money's settings and of what staff decide. The ledger is its own record."""

from __future__ import annotations

from billing import models
from organizations.history.tracking import excuse, track

# What staff set on a row that every call writes to: nothing else of it is looked at, so that a charge pays nothing.
WALLET = (
    "mode",
    "credit_limit",
    "is_frozen",
    "is_overdue",
    "daily_cap",
    "concurrency_limit",
    "monthly_allotment",
    "allotment_anchor",
    "alert_below",
)
ASKED_AGAIN = ("next_check_at", "checks")


def declare() -> None:
    """Say it once, when the app is ready."""
    track(models.Wallet, only=WALLET)
    for setting in (
        models.CreditPack,
        models.ExchangeRate,
        models.Issuer,
        models.Plan,
        models.PostpayTerms,
        models.ProductTerms,
        models.TaxRate,
        models.TopUpTerms,
    ):
        track(setting)
    track(models.NumberSeries, ignored=("last_number",))
    track(models.CouponBatch)
    track(models.Coupon, ignored=("redeemed",))
    track(models.AutoTopUp, ignored=("next_attempt_at",))
    track(models.Subscription, ignored=("next_check_at",))
    track(models.BillingPeriod, ignored=(*ASKED_AGAIN, "pay_url"))
    track(models.TopUp, ignored=(*ASKED_AGAIN, "redirect_url"))
    track(models.Refund, ignored=ASKED_AGAIN)
    track(models.Approval)
    track(models.PaymentDifference, ignored=("last_seen_at",))
    _excuses()


def _excuses() -> None:
    excuse(models.AuditExport, "Asking for one adds a row that says who asked and for what.")
    excuse(
        models.Dispute,
        "The provider alone changes it. Noting an answer adds a note on the account, which is never edited.",
    )
    excuse(
        models.Document, "Frozen: a trigger refuses changes. Sending it again is a delivery; a credit note is a row."
    )
    excuse(models.LedgerVerification, "Starting one adds a row; nothing is changed.")
    excuse(models.Payment, "Frozen. Giving it back adds a refund, which is recorded.")
    excuse(
        models.ProviderEvent, "Replaying changes nothing but when it is handled; attempts and outcome stand in the row."
    )
    excuse(models.ReconciliationRun, "Starting one adds a row; nothing is changed.")
    excuse(models.SignedDay, "Its actions hand out files.")
    excuse(models.VatCheck, "Asking again is a new answer of the register, kept with its time in the row.")

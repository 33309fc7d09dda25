from billing.models.approval import Approval, ApprovalKind, ApprovalLimit, ApprovalStatus
from billing.models.auto_top_up import AutoTopUp, AutoTopUpStatus
from billing.models.card import Card
from billing.models.coupon import Coupon, CouponAttempt, CouponBatch, CouponRedemption
from billing.models.document import Document, DocumentFile
from billing.models.document_failure import DocumentFailure
from billing.models.export import AuditExport, ChainHead, ExportStatus, SignedDay, SigningKey
from billing.models.grant import Grant, GrantKind
from billing.models.hold import Hold, HoldStatus
from billing.models.issuer import DocumentKind, Issuer, NumberSeries
from billing.models.ledger import LedgerAccount, LedgerAccountKind, Transaction, TransactionKind, Transfer
from billing.models.ledger_day import LedgerDay
from billing.models.movement import HourlyMovement
from billing.models.postpay import BillingPeriod, PeriodStatus, PostpayTerms
from billing.models.provider_event import ProviderEvent, ProviderEventStatus
from billing.models.reconciliation import DifferenceKind, PaymentDifference, ReconciliationRun
from billing.models.refund import Dispute, DisputeStatus, Refund, RefundStatus
from billing.models.subscription import Plan, Subscription, SubscriptionStatus
from billing.models.terms import ProductTerms
from billing.models.top_up import IN_FLIGHT, Payment, TopUp, TopUpOrigin, TopUpStatus
from billing.models.top_up_terms import CreditPack, ExchangeRate, PaymentProvider, TaxRate, TopUpTerms
from billing.models.vat_check import VatCheck, VatCheckState
from billing.models.verification import LedgerVerification
from billing.models.wallet import Wallet, WalletMode

__all__ = [
    "IN_FLIGHT",
    "Approval",
    "ApprovalKind",
    "ApprovalLimit",
    "ApprovalStatus",
    "AuditExport",
    "AutoTopUp",
    "AutoTopUpStatus",
    "BillingPeriod",
    "Card",
    "ChainHead",
    "Coupon",
    "CouponAttempt",
    "CouponBatch",
    "CouponRedemption",
    "CreditPack",
    "DifferenceKind",
    "Dispute",
    "DisputeStatus",
    "Document",
    "DocumentFailure",
    "DocumentFile",
    "DocumentKind",
    "ExchangeRate",
    "ExportStatus",
    "Grant",
    "GrantKind",
    "Hold",
    "HoldStatus",
    "HourlyMovement",
    "Issuer",
    "LedgerAccount",
    "LedgerAccountKind",
    "LedgerDay",
    "LedgerVerification",
    "NumberSeries",
    "Payment",
    "PaymentDifference",
    "PaymentProvider",
    "PeriodStatus",
    "Plan",
    "PostpayTerms",
    "ProductTerms",
    "ProviderEvent",
    "ProviderEventStatus",
    "ReconciliationRun",
    "Refund",
    "RefundStatus",
    "SignedDay",
    "SigningKey",
    "Subscription",
    "SubscriptionStatus",
    "TaxRate",
    "TopUp",
    "TopUpOrigin",
    "TopUpStatus",
    "TopUpTerms",
    "Transaction",
    "TransactionKind",
    "Transfer",
    "VatCheck",
    "VatCheckState",
    "Wallet",
    "WalletMode",
]

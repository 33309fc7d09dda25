from billing.models.grant import Grant, GrantKind
from billing.models.hold import Hold, HoldStatus
from billing.models.ledger import LedgerAccount, LedgerAccountKind, Transaction, TransactionKind, Transfer
from billing.models.movement import HourlyMovement
from billing.models.terms import ProductTerms
from billing.models.verification import LedgerVerification
from billing.models.wallet import Wallet, WalletMode

__all__ = [
    "Grant",
    "GrantKind",
    "Hold",
    "HoldStatus",
    "HourlyMovement",
    "LedgerAccount",
    "LedgerAccountKind",
    "LedgerVerification",
    "ProductTerms",
    "Transaction",
    "TransactionKind",
    "Transfer",
    "Wallet",
    "WalletMode",
]

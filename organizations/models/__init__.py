from organizations.models.account import Account, Invitation, Membership, Role
from organizations.models.change import RecordedChange
from organizations.models.key import Scope, ServiceKey
from organizations.models.organization import Organization
from organizations.models.product import Accent, OnExhaustion, Product, Service
from organizations.models.project import Mode, Project
from organizations.models.sign_in import SignIn
from organizations.models.support import AccountNote, SupportView
from organizations.models.user import User

__all__ = [
    "Accent",
    "Account",
    "AccountNote",
    "Invitation",
    "Membership",
    "Mode",
    "OnExhaustion",
    "Organization",
    "Product",
    "Project",
    "RecordedChange",
    "Role",
    "Scope",
    "Service",
    "ServiceKey",
    "SignIn",
    "SupportView",
    "User",
]

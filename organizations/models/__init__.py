from organizations.models.account import Account, Invitation, Membership, Role
from organizations.models.key import Scope, ServiceKey
from organizations.models.organization import Organization
from organizations.models.product import Accent, OnExhaustion, Product, Service
from organizations.models.project import Mode, Project
from organizations.models.user import User

__all__ = [
    "Accent",
    "Account",
    "Invitation",
    "Membership",
    "Mode",
    "OnExhaustion",
    "Organization",
    "Product",
    "Project",
    "Role",
    "Scope",
    "Service",
    "ServiceKey",
    "User",
]

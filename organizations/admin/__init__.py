"""The back office's pages about customers, products and keys, and what all its pages share."""

from organizations.admin import account, change, key, organization, product, project, session, sign_in, support, user

__all__ = ["account", "change", "key", "organization", "product", "project", "session", "sign_in", "support", "user"]

"""The back office's pages about customers, products and keys, and what all its pages share."""

from organizations.admin import account, key, organization, product, project, sign_in, support, user

__all__ = ["account", "key", "organization", "product", "project", "sign_in", "support", "user"]

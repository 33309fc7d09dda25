"""The back office's pages about customers, products and keys, and what all its pages share."""

from organizations.admin import account, key, product, project, user

__all__ = ["account", "key", "product", "project", "user"]

"""Forms that say which account's page they stand on.

Its `csrf_token` takes the place of Django's in every template (`builtins` in the settings), so that no form can forget
it. What becomes of it: organizations.tenancy.
"""

from __future__ import annotations

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html

from organizations.tenancy import FORM_FIELD, Tenant

register = template.Library()


class AccountForm(CsrfTokenNode):
    """Django's hidden field against forged forms, and on an account's page one with the account."""

    def render(self, context: Context) -> str:
        """The fields."""
        token = super().render(context)
        tenant = context.get("tenant")
        if not isinstance(tenant, Tenant):
            return token
        return format_html('{}<input type="hidden" name="{}" value="{}">', token, FORM_FIELD, tenant.account.pk)


@register.tag
def csrf_token(_parser: Parser, _token: Token) -> AccountForm:
    """The hidden fields that every form sends by POST."""
    return AccountForm()

"""The second factor: codes of an authenticator app, and recovery codes for the day when it is lost."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from organizations import second_factor

QUIET = 4  # modules of white around a QR code, which readers count on


class TwoFactorAdapter(DefaultMFAAdapter):
    """Words of ours, and a QR code that a strict Content-Security-Policy shows."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right, or it was used before. Enter the one that the app shows now."),
        "cannot_delete_authenticator": _(
            "Staff cannot be without two-factor. If you change phones, ask another admin to switch it off: your next "
            "sign-in then sets the new phone up."
        ),
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the app that staff have to sign in with."""
        return not second_factor.is_needed(authenticator.user)

    def build_totp_svg(self, url: str) -> SafeString:
        """The address as an SVG to stand in the page: black on white in dark mode too, for cameras."""
        code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
        code.add_data(url)
        rows = code.get_matrix()
        dark = "".join(
            f"M{column} {line}h1v1h-1z"
            for line, row in enumerate(rows)
            for column, is_dark in enumerate(row)
            if is_dark
        )
        return format_html(
            '<svg viewBox="0 0 {side} {side}" width="200" height="200" role="img" aria-label="{label}" '
            'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/>'
            '<path fill="#000" d="{dark}"/></svg>',
            side=len(rows),
            label=_("QR code for the authenticator app"),
            dark=dark,
        )

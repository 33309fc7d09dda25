"""How a person signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator

from organizations.models import User


@dataclass(frozen=True, slots=True)
class TwoFactor:
    """A person's second factor; without one `since` is None."""

    since: datetime | None
    last_used_at: datetime | None
    codes_left: int

    @property
    def is_on(self) -> bool:
        """Whether signing in asks for a code."""
        return self.since is not None


def two_factor_of(user: User) -> TwoFactor:
    """The person's second factor, in one query."""
    found = {each.type: each for each in Authenticator.objects.filter(user=user)}
    app, codes = found.get(Authenticator.Type.TOTP), found.get(Authenticator.Type.RECOVERY_CODES)
    return TwoFactor(
        since=app.created_at if app else None,
        last_used_at=app.last_used_at if app else None,
        codes_left=len(codes.wrap().get_unused_codes()) if codes else 0,
    )

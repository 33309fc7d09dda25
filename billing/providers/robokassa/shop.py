"""The shop at Robokassa whose money this is: its name, its passwords and where Robokassa is reached."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop. `password1` signs the page, `password2` notices and look-ups, `password3` refunds.

    In test mode (`is_test`) Robokassa expects passwords of their own, so that a test notice cannot pass for a real one.
    """

    login: str
    password1: str
    password2: str
    password3: str
    algorithm: str
    is_test: bool
    is_stand_in: bool
    base_url: str
    services_url: str


def shop() -> Shop:
    """The shop of the settings, read at each call, as tests change them."""
    return Shop(
        login=settings.ROBOKASSA_LOGIN,
        password1=settings.ROBOKASSA_PASSWORD1,
        password2=settings.ROBOKASSA_PASSWORD2,
        password3=settings.ROBOKASSA_PASSWORD3,
        algorithm=settings.ROBOKASSA_HASH,
        is_test=settings.ROBOKASSA_TEST,
        is_stand_in=settings.ROBOKASSA_IS_STAND_IN,
        base_url=settings.ROBOKASSA_BASE_URL.rstrip("/"),
        services_url=settings.ROBOKASSA_SERVICES_URL.rstrip("/"),
    )

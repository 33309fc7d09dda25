"""What `make run` says once everything is up: addresses, demo logins, and a line to paste that charges a call.

Development only: the demo people share a published password, and the printed key may do everything for its service.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone

from config import stand_ins
from organizations.models import Account, Membership, Scope, Service, ServiceKey, User
from organizations.roles import StaffRole
from organizations.services.keys import issue_key
from usage.services.demo.accounts import DEMO_PASSWORD

STAFF_EMAIL = "staff@backoffice.example"
ROLE_EMAIL = "{}@backoffice.example"
KEY_NAME = "Printed by make run"
KEY_DAYS = 30
UP_SECONDS_MAX = 60
PRODUCT = "aipbx"


def ensure_staff() -> None:
    """Staff to sign in to the admin with, made where they are missing: a superuser, and one person of each role."""
    if not User.objects.filter(email=STAFF_EMAIL).exists():
        User.objects.create_superuser(STAFF_EMAIL, DEMO_PASSWORD, name="Demo staff")
    for role in StaffRole:
        email = ROLE_EMAIL.format(role)
        if not User.objects.filter(email=email).exists():
            person = User.objects.create_user(email, DEMO_PASSWORD, name=f"Demo {role}", is_staff=True)
            person.groups.add(Group.objects.get(name=role))


def demo_key() -> str:
    """A fresh key of the demo product's service; those printed earlier hold for thirty days."""
    ServiceKey.objects.filter(name=KEY_NAME, expiry_date__lt=timezone.now()).delete()
    service = Service.objects.filter(product__slug=PRODUCT).order_by("id")[0]
    expires_at = timezone.now() + timedelta(days=KEY_DAYS)
    return issue_key(service=service, scopes=Scope.values, name=KEY_NAME, expires_at=expires_at)[1]


def message(address: str) -> str:
    """The whole text, for a site at `address`."""
    return "\n".join(["", *_lines(address), ""])


def wait_until_up(address: str, path: str = "/healthz") -> bool:
    """Whether the site answered within a minute."""
    until = time.monotonic() + UP_SECONDS_MAX
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}{path}", timeout=2).status_code == 200:
                return True
        except httpx.TransportError:
            time.sleep(0.1)
    return False


def _lines(address: str) -> Iterator[str]:
    yield f"Customers      {address}/billing/"
    yield f"Staff          {address}/admin/"
    yield f"API            {address}/api/v1/docs/"
    yield f"Health         {address}/healthz  {address}/readyz"
    if settings.STRIPE_IS_STAND_IN or settings.ROBOKASSA_IS_STAND_IN:
        what = "stand-ins: no money moves; test cards are listed there"
        if not settings.STRIPE_IS_STAND_IN:
            what = "stand-in of Robokassa alone: Stripe has its own keys"
        yield f"Payments       {stand_ins.address()}  {what}"
    if settings.TELEGRAM_IS_STAND_IN:
        yield f"Telegram       {settings.TELEGRAM_API_URL}/  stand-in: chats are played there"
    yield ""
    yield f"Demo logins, all with the password {DEMO_PASSWORD}:"
    yield f"  {STAFF_EMAIL:<34} staff, superuser"
    for role in StaffRole:
        yield f"  {ROLE_EMAIL.format(role):<34} staff, role {role}"
    members = Membership.objects.filter(role="owner").select_related("user", "account__product").order_by("account_id")
    for member in members[:8]:
        yield f"  {member.user.email:<34} {member.account.product.name}: {member.account.name}"
    account = Account.objects.filter(product__slug=PRODUCT).order_by("id").first()
    if account is not None:
        yield ""
        yield "Charge a call (paste it as often as you like, and watch the account's Calls page):"
        yield _curl(address, account)


def _curl(address: str, account: Account) -> str:
    """A command that reports a call of three minutes, each time under an identifier and moment of its own."""
    project = account.projects.order_by("id")[0]
    event = {
        "specversion": "1.0",
        "id": "demo-@ID@",
        "source": "make-run",
        "type": "call.completed",
        "time": "@NOW@",
        "subject": account.external_id,
        "data": {
            "call_id": "demo-@ID@",
            "project": project.external_id,
            "channel": "phone",
            "direction": "inbound",
            "duration_seconds": 180,
            "status": "completed",
            "llm_input_tokens": 2340,
            "stt_seconds": 90,
            "tts_seconds": 90,
            "analytics": True,
        },
    }
    body = shlex.quote(json.dumps(event))
    body = body.replace("@ID@", "'$(date +%s)-$$-$RANDOM'").replace("@NOW@", "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'")
    return (
        f"curl -sS {address}/api/v1/events -H 'Content-Type: application/json' "
        f"-H 'Authorization: Bearer {demo_key()}' -d {body}"
    )

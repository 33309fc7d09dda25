"""The account whose keys these are: `GET /v1/account`, and `GET /v1/accounts/{its own id}`."""

from __future__ import annotations

from tests.fakes.stripe.errors import no_such
from tests.fakes.stripe.routes import Route
from tests.fakes.stripe.store import Object, new_id
from tests.fakes.stripe.world import Call, World


def ensure(world: World) -> Object:
    """The one account, made on the first start. It belongs to both modes."""
    with world.store.transaction():
        row = world.store.rows.execute("SELECT id FROM objects WHERE kind = 'account'").fetchone()
        found = world.store.get(row["id"]) if row else None
        return found or world.store.add(_made(int(world.clock())))


def _made(now: int) -> Object:
    requirements: Object = {"alternatives": [], "current_deadline": None, "currently_due": [], "disabled_reason": None}
    requirements |= {"errors": [], "eventually_due": [], "past_due": [], "pending_verification": []}
    id = new_id("acct", 16)
    return {
        "id": id,
        "object": "account",
        "business_profile": {"name": "Stripe stand-in", "support_email": None, "support_phone": None, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": now,
        "default_currency": "usd",
        "details_submitted": True,
        "email": "stand-in@example.com",
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{id}/external_accounts",
        },
        "future_requirements": requirements,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": requirements,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"decline_on": {"avs_failure": False, "cvc_failure": True}},
            "dashboard": {"display_name": "Stripe stand-in", "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": "STAND-IN"},
            "payouts": {"debit_negative_balances": True, "schedule": {"delay_days": 2, "interval": "daily"}},
        },
        "tos_acceptance": {"date": now, "ip": None, "user_agent": None},
        "type": "standard",
    }


def current(call: Call) -> Object:
    """The account of the key."""
    return ensure(call.world)


def retrieve(call: Call, id: str) -> Object:
    """The account, by its identifier."""
    account = ensure(call.world)
    if account["id"] != id:
        raise no_such("account", id)
    return account


ROUTES = [Route("GET", "/v1/account", current), Route("GET", "/v1/accounts/{id}", retrieve)]

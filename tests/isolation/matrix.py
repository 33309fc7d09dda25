"""Who may do what at every address of the customer's side: one row for each URL name.

A new address needs a row here, or `test_matrix.py` fails. Most rows are one line:

    Row("refund", post=PAYERS, body={"amount": "20", "reason": "Less traffic"})

is a page that every member reads and that owners and billing members post to. What else a row may say:

`args`      what stands in the address, as keys of `World.ids`, in order: `args=("card",)` puts the id of the account's
            own card there. Such an address answers 404 to the members of every other account.
`get`       roles that read it (HEAD with it); `NOBODY` where GET is no verb of it (405).
`post`      roles that post to it; `NOBODY` (the default) where POST is no verb of it (405).
`body`      a form that the page accepts; a value that begins with ":" is taken from `World.ids`.
`query`     what a GET asks by, in the same way.
`read`      the status of the answer to a reader who may (200), `done` to a poster who may (303).
`of_person` the page is about the person who is signed in, not about an account: it needs no membership.
`without_account`  the status of the answer to somebody who is signed in and in no account (200: the page says so).

A page that needs no signing in stands in `OPEN` instead. A key that `World.ids` lacks is made in `worlds.py`, with
words that begin with its marker, so that the search for foreign bytes finds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from organizations.models import Role

NOBODY: frozenset[Role] = frozenset()
OWNERS = frozenset({Role.OWNER})
PAYERS = frozenset({Role.OWNER, Role.BILLING})
EVERYBODY = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Row:
    """One address: see the top of this module."""

    name: str
    args: tuple[str, ...] = ()
    get: frozenset[Role] = EVERYBODY
    post: frozenset[Role] = NOBODY
    body: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    read: int = 200
    done: int = 303
    of_person: bool = False
    without_account: int = 200

    def roles(self, verb: str) -> frozenset[Role]:
        """Who may use the verb here."""
        return self.post if verb == "POST" else self.get

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs that the address takes."""
        return (*self.reading, "POST") if self.post else self.reading

    @property
    def reading(self) -> tuple[str, ...]:
        """Those of them that change nothing."""
        return ("GET", "HEAD") if self.get else ()

    @property
    def other_verbs(self) -> tuple[str, ...]:
        """Those that it refuses with 405."""
        return tuple(verb for verb in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") if verb not in self.verbs)

    def status(self, verb: str) -> int:
        """Of the answer to a member who may."""
        return self.done if verb == "POST" else self.read


ORGANIZATION = {"name": "Branch Ltd", "country": "GB", "tax_id": "GB999999973", "legal_address": "1 High Street"}

ROWS = [
    # usage/urls.py
    Row("overview"),
    Row("history"),
    Row("history_csv"),
    Row("calls"),
    Row("calls_csv"),
    Row("call", args=("call",)),
    Row("usage"),
    Row("usage_csv"),
    Row("prices"),
    Row("projects"),
    Row("project_live", args=("sandbox_project",), get=PAYERS, post=PAYERS),
    Row("project_sandbox", args=("live_project",), get=PAYERS, post=PAYERS),
    # billing/urls.py
    Row("top_up", post=PAYERS, body={"amount": "50", "shown_total": "50.00 USD", "organization": ":organization"}),
    Row("top_up_result", args=("top_up",), post=PAYERS),
    Row("top_up_status", args=("top_up",)),
    Row("auto_top_up", post=PAYERS, body={"threshold": "20", "amount": "50", "is_on": "1"}),
    Row("auto_top_up_retry", get=NOBODY, post=PAYERS),
    Row("cards_add", get=NOBODY, post=PAYERS),
    Row("cards_default", args=("card",), get=NOBODY, post=PAYERS),
    Row("cards_remove", args=("card",), get=PAYERS, post=PAYERS),
    Row("refund", post=PAYERS, body={"amount": "20", "agreed": "20", "reason": "Less traffic"}),
    Row("coupons", post=PAYERS, body={"code": "OPEN-TO-ALL"}),
    Row("live", query={"account": ":account"}),
    Row("audit_export", get=PAYERS, post=PAYERS, body={"from": "2026-01-01", "to": "2026-01-31"}),
    Row("audit_export_file", args=("export", "export_file"), get=PAYERS),
    Row("limits", post=PAYERS, body={"daily_cap": "5000000", "concurrency_limit": "7"}),
    Row("notifications", post=EVERYBODY, body={"low_balance-telegram": "1"}),
    Row("trial_message", get=NOBODY, post=EVERYBODY),
    Row("telegram_link", get=NOBODY, post=EVERYBODY, done=200),
    Row("telegram_status"),
    Row("telegram_unlink", get=NOBODY, post=EVERYBODY),
    Row("alert_address_add", get=NOBODY, post=PAYERS, body={"email": "night@example.com"}),
    Row("alert_address_resend", args=("waiting_address",), get=NOBODY, post=PAYERS),
    Row("alert_address_remove", args=("waiting_address",), get=NOBODY, post=PAYERS),
    Row("documents"),
    Row("documents_zip"),
    Row("document_pdf", args=("document",)),
    Row("invoice_pay", args=("period",)),
    Row("organizations"),
    Row("organization_add", get=PAYERS, post=PAYERS, body=ORGANIZATION),
    Row("organization_edit", args=("organization",), get=PAYERS, post=PAYERS, body=ORGANIZATION),
    Row("organization_default", args=("organization",), get=NOBODY, post=PAYERS),
    Row("organization_remove", args=("organization",), get=PAYERS, post=PAYERS),
    Row("subscription"),
    Row("subscription_status"),
    Row("subscription_start", get=NOBODY, post=PAYERS, body={"plan": ":plan"}),
    Row("subscription_cancel", get=PAYERS, post=PAYERS),
    Row("subscription_resume", get=NOBODY, post=PAYERS),
    Row("incident_dismiss", args=("incident",), get=NOBODY, post=PAYERS, done=302),
    # billing/urls_settings.py
    Row("settings", post=OWNERS, body={"name": "New name", "timezone": "Asia/Kolkata", "language": ""}),
    Row("settings_language", get=NOBODY, post=EVERYBODY, body={"own_language": ""}),
    Row("settings_tax", get=NOBODY, post=PAYERS, body={"country": "US", "region": "NY", "tax_id": "12-3456789"}),
    Row("members", post=OWNERS, body={"email": "new@example.com", "role": "billing"}),
    Row("members_leave", post=EVERYBODY),
    Row("member", args=("member",), get=OWNERS, post=OWNERS, body={"role": "billing"}),
    Row("member_remove", args=("member",), get=OWNERS, post=OWNERS),
    Row("invitation_resend", args=("invitation",), get=NOBODY, post=OWNERS),
    Row("invitation_revoke", args=("invitation",), get=NOBODY, post=OWNERS),
    Row("security", of_person=True),
    Row("sessions_end", get=NOBODY, post=EVERYBODY, body={"session": "others"}, without_account=303),
    # organizations/urls.py
    Row("switch_account", get=NOBODY, post=EVERYBODY, body={"account": ":account"}, done=302, without_account=404),
    Row("end_support_view", get=NOBODY, post=EVERYBODY, done=302, without_account=302),
    # organizations/urls_sign_in.py
    Row("account_reauthenticate", post=EVERYBODY, of_person=True),
    Row("account_change_password", post=EVERYBODY, of_person=True),
    Row("account_set_password", post=EVERYBODY, of_person=True, read=302),
    Row("mfa_reauthenticate", post=EVERYBODY, of_person=True, read=302),
    Row("mfa_activate_totp", post=EVERYBODY, of_person=True, read=302),
    Row("mfa_deactivate_totp", post=EVERYBODY, of_person=True, read=404),  # without a second factor
    Row("mfa_view_recovery_codes", of_person=True, read=404),  # without a second factor
    Row("mfa_generate_recovery_codes", post=EVERYBODY, of_person=True, read=302),
    Row("mfa_download_recovery_codes", of_person=True, read=404),  # without a second factor
]

# Whoever types there, or holds the link, opens these; they show nothing of an account but its name to whom it wrote
# (tests/organizations/test_pages.py, tests/billing/views/test_notifications.py).
OPEN = frozenset(
    {
        "accept_invitation",
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_signup",
        "alert_address_confirm",
        "choose_language",
        "unsubscribe",
        "mfa_authenticate",
        "mfa_index",
        "signing_key_file",
        "signing_keys",
    }
)

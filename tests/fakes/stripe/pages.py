"""`/c/…`: the pages that a payer sees. Pay, be declined and try again, confirm or refuse at the bank, go back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from tests.fakes.http import Request, Response
from tests.fakes.stripe import cards, checkout_page, checkout_payments, checkout_sessions, page_frame, payment_methods
from tests.fakes.stripe.errors import StripeError
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call, World

NOT_HERE = page_frame.page("Nothing is here", "<p>This page does not exist.</p>")


class Pages:
    """The hosted pages, of both modes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> Response:
        """Show a page, or act on its form."""
        found = re.fullmatch(r"/c/(pay|authenticate|receipt)/(\w+)", request.path)
        try:
            livemode = self._world.mode_of(found[2]) if found else False
        except KeyError:
            found = None
        if not found or request.method not in ("GET", "POST"):
            return Response.html(NOT_HERE, 404)
        shown = {"pay": self._pay, "authenticate": self._authenticate, "receipt": self._receipt}[found[1]]
        with self._world.writing(livemode) as call:
            try:
                return shown(call, request, found[2])
            except StripeError:
                return Response.html(NOT_HERE, 404)

    def _pay(self, call: Call, request: Request, id: str) -> Response:
        session = checkout_sessions.retrieve(call, id)
        if session["status"] != "open":
            return self._closed(session, request)
        if request.method == "GET":
            return self._form(call, session, message=_last_word(call, session))
        typed = dict(request.pairs())
        if typed.get("act") == "back":
            return Response.redirect(session["cancel_url"] or self._here(session))
        method, message = self._method(call, session, typed)
        if method is None:
            return self._form(call, session, message=message, typed=typed)
        try:
            intent = checkout_payments.pay(call, session, method, email=typed.get("email") or None)
        except StripeError as error:
            return self._form(call, session, message=str(error), typed=typed)
        return self._after(call, session, intent, typed)

    def _after(self, call: Call, session: Object, intent: Object, typed: dict[str, str]) -> Response:
        if session["status"] == "complete":
            return Response.redirect(success_url(session))
        if intent["status"] == "requires_action":
            return Response.redirect(f"{self._world.url}/c/authenticate/{intent['id']}")
        return self._form(call, session, message=_said(intent), typed=typed)

    def _form(
        self, call: Call, session: Object, *, message: str | None = None, typed: dict[str, str] | None = None
    ) -> Response:
        saved = checkout_payments.saved_cards(call, session)
        page = checkout_page.form(session, saved, message=message, typed=typed)
        return Response.html(page, 402 if typed else 200)

    def _here(self, session: Object) -> str:
        return f"{self._world.url}/c/pay/{session['id']}"

    def _closed(self, session: Object, request: Request) -> Response:
        paid = session["status"] == "complete"
        if paid and request.method == "POST":  # pressed twice: the first press did it
            return Response.redirect(success_url(session))
        back = success_url(session) if paid else session["cancel_url"]
        return Response.html(checkout_page.closed(session, back), 200 if paid else 410)

    def _method(self, call: Call, session: Object, typed: dict[str, str]) -> tuple[Object | None, str | None]:
        """The card that was chosen or typed in, or what is wrong with it."""
        number = re.sub(r"[\s-]", "", typed.get("number", ""))
        chosen = typed.get("saved")
        if chosen and not number:  # a number that was typed wins: the first saved card is chosen by itself
            for each in checkout_payments.saved_cards(call, session):
                if each["id"] == chosen:
                    return each, None
            return None, "This card is not here any more."
        if not cards.passes_luhn(number):
            return None, "Your card number is invalid." if number else "Your card number is missing."
        expiry = re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)\s*", typed.get("expiry", ""))
        if not expiry:
            return None, "Your card's expiration date is invalid: write it as 12/34."
        if not re.fullmatch(r"\d{3,4}", typed.get("cvc", "").strip()):
            return None, "Your card's security code is incomplete."
        card = cards.known(number)
        made = payment_methods.from_card(
            call,
            card,
            exp_month=int(expiry[1]),
            exp_year=2000 + int(expiry[2]),
            name=typed.get("name", "").strip() or None,
        )
        return made, None

    def _authenticate(self, call: Call, request: Request, id: str) -> Response:
        intent = call.store.get(id) or {}
        if intent.get("object") not in ("payment_intent", "setup_intent"):
            return Response.html(NOT_HERE, 404)
        session = checkout_payments.session_of(call, intent)
        if intent["status"] != "requires_action":
            return Response.redirect(self._onward(session, intent))
        if request.method == "GET":
            return Response.html(checkout_page.confirmation(intent))
        onward = (intent["next_action"].get("redirect_to_url") or {}).get("return_url")
        confirmed = dict(request.pairs()).get("answer") == "confirm"
        checkout_payments.authenticated(call, intent, confirmed=confirmed)
        session = checkout_payments.session_of(call, intent)
        return Response.redirect(self._onward(session, intent, onward))

    def _onward(self, session: Object | None, intent: Object, return_url: str | None = None) -> str:
        if session:
            return success_url(session) if session["status"] == "complete" else self._here(session)
        kind = intent["object"]
        told = {
            kind: intent["id"],
            f"{kind}_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if intent["status"] == "succeeded" else "failed",
        }
        base = return_url or f"{self._world.url}/c/done"
        return f"{base}{'&' if '?' in base else '?'}{urlencode(told)}"

    def _receipt(self, call: Call, request: Request, id: str) -> Response:
        return Response.html(checkout_page.receipt(call.get("charge", id)))


def _said(intent: Object) -> str:
    error: Any = intent.get("last_payment_error") or intent.get("last_setup_error") or {}
    return str(error.get("message", "The payment did not go through."))


def _last_word(call: Call, session: Object) -> str | None:
    """What the bank said at the last attempt, for the payer who comes back from it."""
    id = session["payment_intent"] or session["setup_intent"]
    intent = call.store.get(id) if id else None
    failed = intent and (intent.get("last_payment_error") or intent.get("last_setup_error"))
    return str(failed["message"]) if failed else None


def success_url(session: Object) -> str:
    """Where the payer goes when it is done, with the session's identifier in its place."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])

"""`/i/…`: the page of an invoice, where whoever has its address pays it with a card."""

from __future__ import annotations

import re

from tests.fakes.http import Request, Response
from tests.fakes.stripe import invoice_payments, invoicing, page_frame
from tests.fakes.stripe.pages import NOT_HERE, Pages
from tests.fakes.stripe.store import Object
from tests.fakes.stripe.world import Call

CLOSED = {
    "draft": "This invoice is not finished yet.",
    "paid": "This invoice has been paid.",
    "void": "This invoice was voided: there is nothing to pay.",
}


class InvoicePages(Pages):
    """The pages of invoices, in both modes. They take cards as Checkout's page does."""

    def handle(self, request: Request) -> Response:
        """Show an invoice, or pay it."""
        found = re.fullmatch(r"/i/(\w+)(/pdf)?", request.path)
        try:
            livemode = self._world.mode_of(found[1]) if found else False
        except KeyError:
            found = None
        if not found or request.method not in ("GET", "POST"):
            return Response.html(NOT_HERE, 404)
        with self._world.writing(livemode) as call:
            return self._shown(call, request, call.get("invoice", found[1]))

    def _shown(self, call: Call, request: Request, invoice: Object) -> Response:
        message = self._news(call, invoice)
        if invoice["status"] in CLOSED:
            words = f"<p>{CLOSED[invoice['status']]}</p>"
            return Response.html(page_frame.page(f"Invoice {invoice['number'] or ''}", words))
        session = _as_session(call, invoice)
        if request.method == "GET":
            return self._form(call, session, message=message)
        typed = dict(request.pairs())
        method, message = self._method(call, session, typed)
        if method is None:
            return self._form(call, session, message=message, typed=typed)
        here = f"{self._world.url}/i/{invoice['id']}"
        intent = invoicing.attempt(call, invoice, method, off_session=False, return_url=here)
        if intent["status"] == "requires_action":
            return Response.redirect(f"{self._world.url}/c/authenticate/{intent['id']}")
        if intent["status"] == "succeeded":
            return Response.redirect(here)
        return self._form(call, session, message=intent["last_payment_error"]["message"], typed=typed)

    def _news(self, call: Call, invoice: Object) -> str | None:
        """Take in what the payer's bank said meanwhile; returns what it said last, if that was no."""
        for payment in invoice_payments.of_invoice(call, invoice):
            if payment["status"] == "open":
                intent = call.get("payment_intent", payment["payment"]["payment_intent"])
                if intent["status"] == "succeeded":
                    invoicing.settle(call, invoice, intent)
                return (intent["last_payment_error"] or {}).get("message")
        return None


def _as_session(call: Call, invoice: Object) -> Object:
    """What Checkout's page needs to know, of an invoice."""
    items = [
        {"amount_total": line["amount"], "description": line["description"] or "Item", "quantity": 1}
        for line in invoice["lines"]["data"]
    ]
    return {
        "id": invoice["id"],
        "amount_total": invoice["amount_remaining"],
        "cancel_url": None,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_email": invoice["customer_email"],
        "mode": "payment",
        "saved_payment_method_options": {"allow_redisplay_filters": ["always", "limited", "unspecified"]},
        "_items": items,
    }

"""The back office's one search: whatever a customer may quote, each kind asked through an index, and only what the
person may view. What the term names stands before what only begins like it.

The palette shows the first answers, `/admin/search/?s=…` all of them. Nothing found is kept: the next look asks anew.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from config.searching import books, calls, customers, payments
from config.searching.lookups import EACH_MOST, Found
from config.searching.terms import Term
from config.unfold import NAVIGATION

LOOKUPS = (*customers.LOOKUPS, *calls.LOOKUPS, *payments.LOOKUPS, *books.LOOKUPS)
PAGE_MOST = 30  # of each kind, on the page of all answers
PALETTE_MOST = 40
ASKABLE = (
    ("People", "an e-mail address or its beginning, a name"),
    ("Accounts", "the identifier, name or owner's e-mail; an organization's name or tax ID; a project"),
    ("Calls", "a whole call id or event id, also of a call in progress; the caller's number, among recent calls"),
    ("Ledger", "“acme 123” for transaction no. 123 of acme, a transaction's id or key"),
    ("Documents", "the number or its beginning, with or without dashes, in any case"),
    ("Cards", "the last four digits"),
    (
        "Payments",
        "any Stripe id (pi_, ch_, cus_, in_, re_, dp_, sub_, evt_, cs_), an InvId, a bank's, TU- or IN- reference",
    ),
    ("Coupons", "the code, or its beginning: upper and lower case differ"),
)


def find(request: HttpRequest, term: Term, most: int = EACH_MOST) -> list[Found]:
    """All answers that this person may open: pages by name first, then what the term names, then the rest."""
    if not term.text:
        return []
    found = [answer for lookup in LOOKUPS if lookup.may_view(request) for answer in lookup.find(term, most)]
    return [*_pages(request, term), *sorted(found, key=lambda answer: not answer.is_exact)]


def search(request: HttpRequest) -> HttpResponse:
    """The palette's answers where it asks (`extended`), else the page with all of them."""
    term = Term.of(request.GET.get("s", ""))
    is_palette = "extended" in request.GET
    found = find(request, term, EACH_MOST if is_palette else PAGE_MOST)
    context: dict[str, Any] = {
        "term": term.text,
        "found": found[:PALETTE_MOST] if is_palette else found,
        "askable": ASKABLE,
        "all_url": f"{reverse('admin:search')}?{urlencode({'s': term.text})}",
    }
    if is_palette:
        return TemplateResponse(request, "admin/search_palette.html", context)
    exact = [one for one in found if one.is_exact]
    context["groups"] = [
        (title, rows)
        for title, rows in (("Exactly this", exact), ("Begins like it", [one for one in found if not one.is_exact]))
        if rows
    ]
    return TemplateResponse(
        request, "admin/search_page.html", {**admin.site.each_context(request), "title": "Search", **context}
    )


def _pages(request: HttpRequest, term: Term) -> list[Found]:
    """Lists whose name has the term, of those in this person's sidebar."""
    if len(term.text) < 2:
        return []
    return [
        Found(str(item["title"]), "Page", "", str(group.get("title", "")), str(item["link"]), str(item["icon"]), True)
        for group in NAVIGATION
        for item in group["items"]
        if term.lower in str(item["title"]).lower() and item.get("permission", lambda request: True)(request)
    ]

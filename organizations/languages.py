"""Which language a reader gets, and how numbers are written for them.

The person's own language comes first, then the account's, then what was chosen at the entrance, then the browser's,
then English. Letters have no browser: person, account, English. Staff's pages, the API and exports are English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers

from organizations.models import Account, User

ENGLISH = "en"
ENGLISH_PATHS = ("/admin/", "/api/")
PREFERRED = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2,4}){0,2}(?=$|[,; ])")

_browsers: ContextVar[str] = ContextVar("the locale that the reader's browser prefers", default="")


def language_of(user: User | None, account: Account | None) -> str:
    """The language that the person, or else the account, reads; empty where neither names one of ours."""
    wanted = [user.language if user else "", account.language if account else ""]
    return next((code for code in wanted if code in dict(settings.LANGUAGES)), "")


def speaking(user: User | None, account: Account | None) -> AbstractContextManager[None]:
    """What is written inside is a letter to this person of this account, whoever runs the code."""
    return translation.override(language_of(user, account) or settings.LANGUAGE_CODE)


def speak_accounts_language(user: User, account: Account) -> None:
    """On an account's page, from here to the end of the request: its language, unless the reader has one."""
    language = language_of(user, account)
    if language:
        translation.activate(language)


@contextmanager
def browser_prefers(accept_language: str) -> Iterator[None]:
    """What is written inside is for a browser that sends this header."""
    first = PREFERRED.match(accept_language)
    token = _browsers.set(first[0] if first else "")
    try:
        yield
    finally:
        _browsers.reset(token)


class ReadersLanguage:
    """Middleware: texts in the reader's language for the length of the request, and not a moment longer.

    Stands behind the one that knows who is signed in. What a thread does next begins in English again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer in the reader's language."""
        if request.path_info.startswith(ENGLISH_PATHS):
            return self._answer(request, ENGLISH, browser="")
        user = request.user if isinstance(request.user, User) else None
        language = language_of(user, None) or translation.get_language_from_request(request)
        response = self._answer(request, language, browser=request.headers.get("Accept-Language", ""))
        patch_vary_headers(response, ("Accept-Language",))
        return response

    def _answer(self, request: HttpRequest, language: str, *, browser: str) -> HttpResponseBase:
        with translation.override(language), browser_prefers(browser):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or ENGLISH)
        return response


@lru_cache
def _locale_of(code: str) -> Locale:
    """The locale that belongs to a code such as `en-IN`; English where there is none."""
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale(ENGLISH)


def text_locale() -> Locale:
    """How the reader writes dates: the browser's kind of the language that the texts are in (15 Mar in en-GB)."""
    language = translation.get_language() or ENGLISH
    browsers = _browsers.get()
    return _locale_of(browsers if browsers.partition("-")[0].lower() == language else language)


def number_locale() -> Locale:
    """How the reader writes numbers: readers of English texts as their browser prefers, all others by the language.

    An Indian reader of English texts reads 12,34,567.
    """
    language = translation.get_language() or ENGLISH
    return _locale_of(_browsers.get() if language == ENGLISH and _browsers.get() else language)

"""Days, months, times and lengths read as people write them in their language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import translation

from billing.templatetags import moments
from organizations.languages import browser_prefers

DAY = date(2026, 3, 15)
NAMES = ("day_short", "day_year", "day_long", "day_full", "day_named", "day_brief", "month_name")


@pytest.mark.parametrize(
    ("language", "browser", "words"),
    [
        (
            "en",
            "",
            "Mar 15|Mar 15, 2026|March 15|Sunday, March 15, 2026|Sunday, March 15|Sun, Mar 15|March 2026",
        ),
        (
            "en",
            "en-GB,en;q=0.9",
            "15 Mar|15 Mar 2026|15 March|Sunday, 15 March 2026|Sunday, 15 March|Sun 15 Mar|March 2026",
        ),
        (
            "en",
            "ru",
            "Mar 15|Mar 15, 2026|March 15|Sunday, March 15, 2026|Sunday, March 15|Sun, Mar 15|March 2026",
        ),
        (
            "ru",
            "en-GB",
            "15 мар.|15 мар. 2026|15 марта|воскресенье, 15 марта 2026|воскресенье, 15 марта|вс, 15 мар.|март 2026",
        ),
        (
            "hi",
            "hi-IN",
            "15 मार्च|15 मार्च 2026|15 मार्च|रविवार, 15 मार्च 2026|रविवार, 15 मार्च|रवि, 15 मार्च|मार्च 2026",
        ),
    ],
)
def test_days_follow_the_language_and_the_browsers_kind_of_it(language: str, browser: str, words: str) -> None:
    with translation.override(language), browser_prefers(browser):
        assert "|".join(getattr(moments, name)(DAY) for name in NAMES) == words


def test_a_time_stands_on_the_accounts_clock_in_the_readers_words() -> None:
    template = Template("{% load moments %}{% moment at %}")
    at = datetime(2026, 3, 15, 8, 32, tzinfo=UTC)
    context = Context({"at": at, "zone": ZoneInfo("Asia/Kolkata"), "today": DAY})
    for language, words in {"en": "Mar 15, 14:02", "ru": "15 мар., 14:02", "hi": "15 मार्च, 14:02"}.items():
        with translation.override(language):
            assert template.render(context) == f'<time datetime="2026-03-15T14:02:00+05:30">{words}</time>'


def test_lengths_are_said_in_the_languages_units_and_plurals() -> None:
    said = {}
    for language in ("en", "ru", "hi"):
        with translation.override(language):
            said[language] = [
                moments.length_words(7324),
                moments.length_words(154),
                moments.length_words(7),
                *(moments.days_words(days) for days in (1, 3, 36)),
            ]
    assert said == {
        "en": ["2 h 2 min", "2 min 34 s", "7 s", "1 day", "3 days", "36 days"],
        "ru": ["2 ч 2 мин", "2 мин 34 с", "7 с", "1 день", "3 дня", "36 дней"],
        "hi": ["2 घं॰ 2 मि॰", "2 मि॰ 34 से॰", "7 से॰", "1 दिन", "3 दिन", "36 दिन"],
    }


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Asia/Kolkata", ["Kolkata", "Калькутта", "कोलकाता"]),  # Unicode tells it under Asia/Calcutta
        ("Asia/Calcutta", ["Kolkata", "Калькутта", "कोलकाता"]),
        ("America/New_York", ["New York", "Нью-Йорк", "न्यूयॉर्क"]),
        ("UTC", ["UTC", "UTC", "UTC"]),
    ],
)
def test_a_zone_is_named_for_its_city_in_the_readers_language(zone: str, words: list[str]) -> None:
    said = []
    for language in ("en", "ru", "hi"):
        with translation.override(language):
            said.append(moments.place(ZoneInfo(zone)))
    assert said == words

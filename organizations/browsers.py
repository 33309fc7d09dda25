"""What a browser calls itself, in two words: its name and the system that it runs on."""

from __future__ import annotations

# The first that is named wins: most browsers name others, too.
NAMES = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """Firefox, Windows; the beginning of what it says where neither is known, "" where it says nothing."""
    found = [_first(NAMES, user_agent), _first(SYSTEMS, user_agent)]
    return ", ".join(word for word in found if word) or user_agent[:60]


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((word for mark, word in known if mark in user_agent), "")

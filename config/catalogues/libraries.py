"""Texts of Django and allauth that customers meet and that the libraries have not in all of our languages."""

LIBRARY_TEXTS: list[str | tuple[str, str]] = []

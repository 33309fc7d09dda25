"""Catalogues of translations: what is extracted, what is kept in `config/locale`, what is wrong with it.

A catalogue holds every text that a customer may read, and nothing else: `manage.py update_catalogues` writes it,
`--check` names what is missing. Only Python is needed: Babel reads, writes and compiles; no gettext programs.
"""

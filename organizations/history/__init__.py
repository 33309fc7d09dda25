"""Who changed what, when and why: recorded by triggers, so that bulk updates and plain SQL are recorded, too.

`tracking` says which models and which of their columns; each app lists its own in its `history` module. `attribution`
tells the database who is at work and why (django-pghistory's context). `triggers` puts both together (django-pgtrigger)
in one table, `organizations.RecordedChange`.
"""

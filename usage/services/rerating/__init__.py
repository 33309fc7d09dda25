"""Correcting many charges by one job: asked for, previewed, confirmed, then charged anew or reversed batch by batch."""

TASK = "usage.work_on_rerating"

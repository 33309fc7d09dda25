"""Documents that could not be made: what staff look into. A row goes when it was made after all."""

from __future__ import annotations

from django.db import models


class DocumentFailure(models.Model):
    """One cause that calls for a document, or one document without its PDF, and what went wrong with it last."""

    cause = models.CharField(max_length=80, unique=True, help_text="The row it is about: receipt:17, pdf:203.")
    error = models.TextField()
    failures = models.PositiveSmallIntegerField(help_text="How often it was tried.")
    next_attempt_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.cause

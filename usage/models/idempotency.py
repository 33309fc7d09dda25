"""Answers to requests that carried an Idempotency-Key, to be given again word for word."""

from __future__ import annotations

from django.db import models

from organizations.models import Service


class IdempotentRequest(models.Model):
    """The first answer to a key; the unique constraint decides which request was first."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status = models.PositiveSmallIntegerField()
    answer = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key

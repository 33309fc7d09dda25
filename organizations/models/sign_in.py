"""Who signed in, or tried to: kept for a while, for whoever asks whether it was them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class SignIn(models.Model):
    """One attempt to sign in. `address` is what was typed; `user` is who it is, where there is such a person."""

    class Method(models.TextChoices):
        """What was asked for when it ended."""

        PASSWORD = "password", "Password"
        CODE = "code", "Password and code"
        RECOVERY_CODE = "recovery", "Password and recovery code"
        INVITATION = "invitation", "Invitation"
        AGAIN = "again", "Asked again while signed in"
        OTHER = "other", "Another way"

    class Outcome(models.TextChoices):
        """How it ended."""

        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        LOCKED = "locked", "Locked out"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="sign_ins"
    )
    address = models.CharField("e-mail tried", max_length=254)
    at = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField("IP address", null=True, blank=True)
    browser = models.CharField(max_length=300, blank=True)
    method = models.CharField("how", max_length=12, choices=Method)
    outcome = models.CharField(max_length=10, choices=Outcome)

    class Meta:
        verbose_name = "sign-in"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["at"], name="sign_in_at"),
            models.Index(fields=["address", "at"], name="sign_in_address"),
            models.Index(fields=["ip", "at"], name="sign_in_ip"),
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.at:%Y-%m-%d %H:%M}"

"""Projects: what an account's calls are grouped by, each either live or in its sandbox."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mode(models.TextChoices):
    """Whether a project's charges move the wallet (aitelier.md, 'Sandbox mode')."""

    SANDBOX = "sandbox", _("Sandbox")
    LIVE = "live", _("Live")


class Project(models.Model):
    """A group of calls of one account; `external_id` is the telephony service's own identifier."""

    account = models.ForeignKey("organizations.Account", on_delete=models.PROTECT, related_name="projects")
    external_id = models.CharField("identifier", max_length=255)
    name = models.CharField(max_length=255)
    mode = models.CharField(
        max_length=10, choices=Mode, default=Mode.LIVE, help_text="In the sandbox charges are simulated."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "external_id"], name="project_external_id_per_account"),
            models.UniqueConstraint(fields=["id", "account"], name="project_id_account"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_sandbox(self) -> bool:
        """Whether the project's charges are simulated."""
        return self.mode == Mode.SANDBOX

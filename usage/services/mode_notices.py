"""A project has gone live, or back to the sandbox: members and services are told (API.md, 'Webhooks out')."""

from __future__ import annotations

import uuid

from notifications.models import Event
from notifications.services.notices import Told
from notifications.services.notices import tell as tell_notice
from organizations.models import Project, User


def tell(project: Project, user_id: int | None) -> None:
    """Put it into the outbox, in the transaction that changed the mode; no user is staff, who stay unnamed."""
    user = User.objects.filter(pk=user_id).first() if user_id else None
    facts = {
        "project": project.name,
        "project_id": project.external_id,
        "mode": project.mode,
        "by": user.get_full_name() if user else "",
    }
    key = f"project:{project.pk}:{uuid.uuid4().hex}"
    tell_notice(Told(project.account_id, Event.PROJECT_MODE, key, subject=f"project:{project.pk}", facts=facts))

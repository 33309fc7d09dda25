"""Projects go live and back into the sandbox (aitelier.md, 'Sandbox mode').

The mode decides whether usage moves the wallet. Nothing is kept of it elsewhere: whatever a service reports next is
charged, or simulated, by the mode that its project has at that moment. A new mode is told to whoever tells people of it
(`on_new_mode`), in the transaction that brings it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from organizations.models import Mode, Product, Project

logger = logging.getLogger(__name__)
Listener = Callable[[Project, int | None], None]
_mode_listeners: list[Listener] = []


def offers_sandbox(product: Product) -> bool:
    """Whether a live project may be put into the sandbox: only where new ones start there.

    A product whose page knows no sandbox may still have a project in it, made so by its service: that one can only
    go live.
    """
    return product.default_project_mode == Mode.SANDBOX


def on_new_mode(listener: Listener) -> None:
    """Have an app above told, in the transaction, of a project with another mode and of who changed it."""
    if listener not in _mode_listeners:
        _mode_listeners.append(listener)


def set_mode(*, account_id: int, project_id: int, mode: Mode, user_id: int | None) -> bool:
    """Put the account's project into `mode`; says whether that changed anything. No user is staff, who may do either.

    Raises Project.DoesNotExist for another account's project, ValidationError for a sandbox that is not offered.
    """
    with transaction.atomic():
        rows = Project.objects.select_for_update(of=("self",)).select_related("account__product")
        project = rows.get(pk=project_id, account_id=account_id)
        if project.mode == mode:
            return False
        if user_id is not None and mode == Mode.SANDBOX and not offers_sandbox(project.account.product):
            raise ValidationError(_("There is no sandbox here: every project is live."))
        project.mode = mode
        project.save(update_fields=["mode"])
        for tell in _mode_listeners:
            tell(project, user_id)
    logger.info("Project %s of account %s was set to %s by user %s.", project_id, account_id, mode.value, user_id)
    return True

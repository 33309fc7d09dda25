"""Projects go live and back into the sandbox (aitelier.md, 'Sandbox mode').

The mode decides whether usage moves the wallet. Nothing is kept of it elsewhere: whatever a service reports next is
charged, or simulated, by the mode that its project has at that moment.
"""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from organizations.models import Mode, Product, Project

logger = logging.getLogger(__name__)


def offers_sandbox(product: Product) -> bool:
    """Whether a live project may be put into the sandbox: only where new ones start there.

    A product whose page knows no sandbox may still have a project in it, made so by its service: that one can only
    go live.
    """
    return product.default_project_mode == Mode.SANDBOX


def set_mode(*, account_id: int, project_id: int, mode: Mode, user_id: int) -> bool:
    """Put the account's project into `mode`; returns whether that changed anything.

    Raises Project.DoesNotExist for another account's project, ValidationError for a sandbox that is not offered.
    """
    with transaction.atomic():
        rows = Project.objects.select_for_update(of=("self",)).select_related("account__product")
        project = rows.get(pk=project_id, account_id=account_id)
        if project.mode == mode:
            return False
        if mode == Mode.SANDBOX and not offers_sandbox(project.account.product):
            raise ValidationError(_("There is no sandbox here: every project is live."))
        project.mode = mode
        project.save(update_fields=["mode"])
    logger.info("Project %s of account %s was set to %s by user %s.", project_id, account_id, mode.value, user_id)
    return True

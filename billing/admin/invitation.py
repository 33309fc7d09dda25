"""Invitations in the hands of staff: sent again, and withdrawn, until they are accepted.

The page is that of `organizations.admin.account`, with the actions that write letters: imports go one way.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.enums import ActionVariant

from billing.services.invitations import resend_invitation
from organizations.admin import actions
from organizations.admin.account import InvitationAdmin
from organizations.models import Invitation, User
from organizations.services import invitations

admin.site.unregister(Invitation)


@admin.register(Invitation)
class SentInvitationAdmin(InvitationAdmin):
    """Invitations, which are sent again and taken back until they are accepted."""

    actions_detail = ("resend", "withdraw")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """None once it was accepted."""
        invitation = self.get_object(request, str(object_id))
        is_open = invitation is not None and invitation.accepted_at is None
        return super().get_actions_detail(request, object_id) if is_open else []

    @action(description="Send again", permissions=["act"], icon="forward_to_inbox")
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new link, and a new term; the one before it no longer works."""

        def perform(invitation: Invitation) -> str:
            sent = resend_invitation(
                account_id=invitation.account_id,
                invitation_id=invitation.pk,
                user=cast(User, request.user),
                by_staff=True,
            )
            return f"A new link is on its way to {sent.email}. The one before it no longer works."

        return self._act(
            request,
            object_id,
            perform,
            title="Send the invitation again",
            intro="A letter with a new link goes out. The link before it no longer works.",
            verb="Send again",
            question="Send a new link?",
        )

    @action(description="Withdraw", permissions=["act"], icon="cancel", variant=ActionVariant.DANGER)
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The link no longer works."""

        def perform(invitation: Invitation) -> str:
            email = invitations.revoke(
                account_id=invitation.account_id,
                invitation_id=invitation.pk,
                user_id=cast(int, request.user.pk),
                by_staff=True,
            )
            return f"The invitation of {email} is withdrawn."

        return self._act(
            request,
            object_id,
            perform,
            title="Withdraw the invitation",
            intro="The link no longer works, and the invitation goes from the list.",
            verb="Withdraw",
            question="Withdraw the invitation?",
            is_dangerous=True,
        )

    def _act(self, request: HttpRequest, object_id: str, perform: Any, **words: Any) -> HttpResponse:
        invitation = self.get_object(request, object_id)
        if invitation is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def done(form: actions.ReasonForm) -> str:
            try:
                return str(perform(invitation))
            except Invitation.DoesNotExist as error:
                raise ValidationError("It was accepted or withdrawn a moment ago.") from error

        return actions.run(
            request,
            self,
            invitation,
            actions.Action(
                explain=lambda form: [
                    ("Account", invitation.account),
                    ("E-mail", invitation.email),
                    ("Role", invitation.get_role_display()),
                    ("Reason", form.cleaned_data["reason"]),
                ],
                perform=done,
                next_url=reverse("admin:organizations_account_change", args=[invitation.account_id]),
                **words,
            ),
        )

"""What staff do about a dispute: the answer is given at the provider; that it was, and what it said, is kept here."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.models import Dispute, DisputeStatus
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from organizations.admin.panels import moment
from organizations.models import User
from organizations.services import notes

OPEN = (DisputeStatus.INQUIRY, DisputeStatus.OPENED)
LONGEST = notes.LONGEST - 300  # which the words before it take at most


class AnswerForm(actions.ActionForm):
    """What the bank was told."""

    answer = forms.CharField(
        label="What was answered",
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text="Which evidence was sent, or that the dispute was accepted. It becomes a note on the account.",
        error_messages={"required": "Write what was sent to the bank."},
    )
    field_order = ("answer", "token")


class DisputeActions(BackOfficeAdmin):
    """The actions of a dispute's page."""

    actions_detail = ("note_answer",)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Nothing is answered once the bank has decided."""
        is_open = Dispute.objects.filter(pk=object_id, status__in=OPEN).exists()
        return super().get_actions_detail(request, object_id) if is_open else []

    @action(description="Note the answer", permissions=["act"], icon="reply", variant=ActionVariant.PRIMARY)
    def note_answer(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Keep what was answered at the provider, for whoever opens the dispute or the account next."""
        dispute: Dispute | None = self.get_object(request, object_id)
        if dispute is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: AnswerForm) -> str:
            notes.write(
                account_id=dispute.wallet.account_id,
                author=cast(User, request.user),
                text=f"Answered dispute {dispute.provider_reference}: {form.cleaned_data['answer']}",
                is_pinned=False,
            )
            return "The answer is noted on the account and in this dispute's history."

        return actions.run(
            request,
            self,
            dispute,
            actions.Action(
                title="Note the answer to the dispute",
                intro="Evidence is given on the provider's own page of the dispute, before it is due. What was "
                "answered there is kept here; nothing is sent to the bank from here, and no money moves.",
                verb="Note the answer",
                question=f"Note this answer to {dispute}?",
                explain=lambda form: [
                    ("Account", dispute.wallet.account),
                    ("Evidence due (UTC)", moment(dispute.evidence_due_at, empty="not said")),
                    ("Answer", form.cleaned_data["answer"]),
                ],
                perform=perform,
                form=AnswerForm,
            ),
        )

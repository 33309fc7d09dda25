"""What staff do with a document: look at its PDF, send it again, credit part of an invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action
from unfold.enums import ActionVariant

from billing.admin.approval_panels import second_person_rows, staff_id, waits
from billing.models import Document, DocumentKind
from billing.services import second_person
from billing.services.documents import by_staff
from billing.services.documents.files import pdf_of
from billing.views.document_files import pdf_response
from organizations.admin import actions
from organizations.admin.amounts import AmountField, amount_html, money_html
from organizations.admin.base import BackOfficeAdmin


class CreditForm(actions.ReasonForm):
    """How much is taken off the invoice, and why."""

    total = AmountField(minimum=None, above=Decimal(0), help_text="With its share of the tax; all of it at most.")
    field_order = ("total", "reason", "token")

    def __init__(self, *args: Any, document: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["total"].label = f"Amount with tax ({document.currency})"
        self.fields["reason"].help_text = "The customer reads it: it stands on the credit note."


class DocumentActions(BackOfficeAdmin):
    """The actions of a document's page."""

    actions_detail = ("pdf", "resend", "credit")

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Only invoices are credited by hand (`billing.services.documents.by_staff`)."""
        found: list[Any] = super().get_actions_detail(request, object_id)
        is_invoice = Document.objects.filter(pk=object_id, kind=DocumentKind.INVOICE).exists()
        return [one for one in found if is_invoice or not one.action_name.endswith("_credit")]

    @action(description="PDF", permissions=["view"], icon="picture_as_pdf", variant=ActionVariant.PRIMARY)
    def pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The stored file; made now where it is not there yet."""
        document = self._document(request, object_id)
        if document is None:
            return self._gone(request, object_id)
        try:
            file = pdf_of(document)
        except Exception as error:  # whatever a renderer stumbles over: staff are who should read it
            messages.error(request, f"It cannot be drawn: {type(error).__name__}: {error}")
            return HttpResponseRedirect(actions.page_url(self, document))
        return pdf_response(request, document, file)

    @action(description="Send again", permissions=["act"], icon="forward_to_inbox")
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Have the letter with the PDF sent once more."""
        document = self._document(request, object_id)
        if document is None:
            return self._gone(request, object_id)

        def perform(form: actions.ReasonForm) -> str:
            by_staff.resend(document_id=document.pk)
            return f"{document.label} is on its way again."

        address = document.organization.email if document.organization else ""
        return self._run(
            request,
            document,
            title="Send the document again",
            intro="The letter goes out once more, with the same PDF.",
            verb="Send again",
            question=f"Send {document.label} again?",
            explain=lambda form: [
                ("Account", document.wallet.account),
                ("To", "Its owners and billing members, as they chose to be told"),
                ("And to", address or "no address for documents"),
                ("Reason", form.cleaned_data["reason"]),
            ],
            perform=perform,
        )

    @action(description="Credit", permissions=["act"], icon="undo", variant=ActionVariant.DANGER)
    def credit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a part of an invoice back by a credit note."""
        document = self._document(request, object_id)
        if document is None:
            return self._gone(request, object_id)

        def perform(form: CreditForm) -> str:
            answer = second_person.credit_invoice(
                document_id=document.pk,
                total=form.cleaned_data["total"],
                reason=form.cleaned_data["reason"],
                actor_id=staff_id(request),
                token=form.cleaned_data["token"],
            )
            if answer.document is None:
                return waits(answer.asked) if answer.asked else "This was done already; nothing happened twice."
            return f"{answer.document.label} is issued; what is owed is less by it."

        return self._run(
            request,
            document,
            title="Credit the invoice",
            intro="A credit note corrects it: the invoice itself stays as it is. What the customer owes becomes less "
            "by the amount; where nothing is owed, it is added to the paid balance.",
            verb="Issue the credit note",
            moves_money=True,
            question=f"Credit {document.label} of {document.wallet.account}?",
            explain=lambda form: [
                ("Invoice", money_html(document.total)),
                ("Credited, with tax", amount_html(form.cleaned_data["total"], str(document.currency))),
                ("The customer reads", form.cleaned_data["reason"]),
                *second_person_rows(document.wallet, actor_id=staff_id(request), amount=form.cleaned_data["total"]),
            ],
            perform=perform,
            form=CreditForm,
            form_arguments={"document": document},
            is_dangerous=True,
        )

    def _document(self, request: HttpRequest, object_id: str) -> Document | None:
        return self.get_object(request, object_id)

    def _gone(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def _run(self, request: HttpRequest, document: Document, **kwargs: Any) -> HttpResponse:
        return actions.run(request, self, document, actions.Action(**kwargs))

"""What staff do with coupons: make codes, switch an offer or a code off and on. The services decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from billing.models import CouponBatch
from billing.services import coupon_codes
from organizations.admin import actions
from organizations.admin.amounts import money_html
from organizations.admin.base import BackOfficeAdmin, ReadOnlyMixin


class GenerateForm(actions.ActionForm):
    """How many codes, and what they look like."""

    count = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=coupon_codes.COUNT_MAX,
        initial=100,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=f"At most {coupon_codes.COUNT_MAX:,} at once; more in several goes.",
    )
    limit = forms.IntegerField(
        label="Accounts per code",
        min_value=1,
        max_value=coupon_codes.LIMIT_MAX,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many accounts may redeem one code. 1: each code is for one account.",
    )
    begins_with = forms.RegexField(
        coupon_codes.PREFIX,
        required=False,
        max_length=10,
        widget=UnfoldAdminTextInputWidget,
        help_text="Stands before the random part, such as SPRING. Letters and digits. Empty: none.",
        error_messages={"invalid": "At most ten letters and digits."},
    )
    length = forms.IntegerField(
        label="Random characters",
        min_value=coupon_codes.LENGTH_MIN,
        max_value=coupon_codes.LENGTH_MAX,
        initial=8,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="In groups of four, without 0, O, 1 and I. Eight are one of 10^12: safe for single-use codes.",
    )
    known = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, batch: CouponBatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["known"].initial = batch.coupons.count()


class CodeForm(actions.ActionForm):
    """One code that staff choose."""

    code = forms.RegexField(
        coupon_codes.CHOSEN_CODE,
        widget=UnfoldAdminTextInputWidget,
        help_text="4 to 40 letters, digits or dashes. Capital and small letters differ.",
        error_messages={"invalid": "Write 4 to 40 letters, digits or dashes, beginning with a letter or digit."},
    )
    limit = forms.IntegerField(
        label="Accounts",
        min_value=1,
        max_value=coupon_codes.LIMIT_MAX,
        initial=100,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many accounts may redeem it.",
    )


class _Switch(BackOfficeAdmin):
    """Rows with `is_active` that are switched off and on with a reason."""

    noun = ""

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """The one of switching off and on that fits."""
        found: list[Any] = super().get_actions_detail(request, object_id)
        is_on = self.model._default_manager.filter(pk=object_id, is_active=True).exists()
        unfit = "_switch_on" if is_on else "_switch_off"
        return [one for one in found if not one.action_name.endswith(unfit)]

    @action(description="Switch off", permissions=["act"], icon="block", variant=ActionVariant.DANGER)
    def switch_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refused from now on; what was redeemed stays."""
        return self._switch(request, object_id, is_on=False)

    @action(description="Switch on", permissions=["act"], icon="play_arrow")
    def switch_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Accepted again."""
        return self._switch(request, object_id, is_on=True)

    def _switch(self, request: HttpRequest, object_id: str, *, is_on: bool) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

        def perform(form: actions.ReasonForm) -> str:
            coupon_codes.switch(row=row, is_on=is_on)
            return f"{row} is accepted again." if is_on else f"{row} is switched off."

        verb = "Switch on" if is_on else "Switch off"
        return actions.run(
            request,
            self,
            row,
            actions.Action(
                title=f"{verb} the {self.noun}",
                intro="It is accepted again from now on, within its dates and limits."
                if is_on
                else "It is refused from now on. Credit that was given stays with its accounts.",
                verb=verb,
                question=f"{verb} {row}?",
                explain=lambda form: [(self.noun.capitalize(), row), ("Reason", form.cleaned_data["reason"])],
                perform=perform,
                is_dangerous=not is_on,
            ),
        )


class BatchActions(_Switch):
    """The actions of an offer's page."""

    noun = "offer"
    actions_detail = ("generate", "add_code", "download", "switch_off", "switch_on")

    @action(description="Generate codes", permissions=["act"], icon="confirmation_number")
    def generate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Many random codes at once."""

        def explain(form: GenerateForm, batch: CouponBatch) -> list[tuple[str, Any]]:
            count, limit = form.cleaned_data["count"], form.cleaned_data["limit"]
            return [
                ("Codes", f"{count:,}"),
                ("Accounts per code", f"{limit:,}"),
                ("Worth each time", money_html(batch.amount)),
                ("Worth together at most", money_html(batch.amount * count * limit)),
            ]

        def perform(form: GenerateForm, batch: CouponBatch) -> str:
            asked = {name: form.cleaned_data[name] for name in ("count", "length", "limit", "known")}
            made = coupon_codes.generate(batch_id=batch.pk, prefix=form.cleaned_data["begins_with"], **asked)
            return f"Made {len(made):,} {'code' if len(made) == 1 else 'codes'}. Download them from here."

        return self._make(
            request,
            object_id,
            explain,
            perform,
            title="Generate codes",
            intro="Random codes that cannot be guessed. They are accepted at once, within the offer's dates.",
            verb="Generate the codes",
            moves_money=True,
            form=GenerateForm,
            needs_batch=True,
        )

    @action(description="Add a code", permissions=["act"], icon="add")
    def add_code(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One code of one's own, to be shared."""

        def explain(form: CodeForm, batch: CouponBatch) -> list[tuple[str, Any]]:
            limit = form.cleaned_data["limit"]
            return [
                ("Code", form.cleaned_data["code"]),
                ("Accounts", f"{limit:,}"),
                ("Worth each time", money_html(batch.amount)),
                ("Worth together at most", money_html(batch.amount * limit)),
            ]

        def perform(form: CodeForm, batch: CouponBatch) -> str:
            made = coupon_codes.add_code(
                batch_id=batch.pk, code=form.cleaned_data["code"], limit=form.cleaned_data["limit"]
            )
            return f"The code {made.code} is accepted now, within the offer's dates."

        return self._make(
            request,
            object_id,
            explain,
            perform,
            title="Add a code",
            intro="One code that many share, such as on a poster. Whoever guesses it can use it, too.",
            verb="Add the code",
            moves_money=True,
            form=CodeForm,
        )

    def _make(
        self,
        request: HttpRequest,
        object_id: str,
        explain: Callable[[Any, CouponBatch], list[tuple[str, Any]]],
        perform: Callable[[Any, CouponBatch], str],
        *,
        needs_batch: bool = False,
        **words: Any,
    ) -> HttpResponse:
        batch = self.get_object(request, object_id)
        if batch is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return actions.run(
            request,
            self,
            batch,
            actions.Action(
                question=f"{words['verb']} of {batch.name}?",
                explain=lambda form: explain(form, batch),
                perform=lambda form: perform(form, batch),
                form_arguments={"batch": batch} if needs_batch else None,
                **words,
            ),
        )


class CouponActions(ReadOnlyMixin, _Switch):
    """The actions of a code's page; the row itself is never edited."""

    noun = "code"
    actions_detail = ("switch_off", "switch_on")

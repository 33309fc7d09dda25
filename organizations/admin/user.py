"""People: customers' members and staff. Nobody is deleted; a person is switched off.

Who is staff and what they may do is decided by admins alone (organizations.services.staff).
"""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import get_adapter
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from organizations import recent_sign_in
from organizations.admin import actions
from organizations.admin.base import BackOfficeAdmin
from organizations.models import Membership, User
from organizations.selectors.staff import decides_about_staff, has_power_over
from organizations.selectors.two_factor import two_factor_of
from organizations.services import two_factor
from organizations.services.staff import Standing, check_standing

EMAIL_TAKEN = "Someone signs in with this address already. Open that person instead, or use another address."


class LowerCaseEmailMixin:
    """Keeps addresses in lower case, as sign-in reads them, and unique whatever their case."""

    cleaned_data: dict[str, Any]
    instance: User

    def clean_email(self) -> str:
        """The address in lower case."""
        email = str(self.cleaned_data["email"]).strip().lower()
        if User.objects.filter(email=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(EMAIL_TAKEN)
        return email


class NewUserForm(LowerCaseEmailMixin, UserCreationForm):
    """A new person: address, name and how they sign in."""

    class Meta:
        model = User
        fields = ("email", "name")
        widgets: ClassVar[dict[str, Any]] = {"email": UnfoldAdminEmailInputWidget}


class EditUserForm(LowerCaseEmailMixin, UserChangeForm):
    """A person that exists. `actor` is who changes them."""

    actor: ClassVar[User]

    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        """What the person may do, as `actor` may decide it; nothing where it is only shown."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "is_staff" in self.fields and not self.errors:
            wanted = Standing(
                is_active=cleaned["is_active"],
                is_staff=cleaned["is_staff"],
                is_superuser=cleaned.get("is_superuser", self.instance.is_superuser),
                groups=frozenset(group.pk for group in cleaned["groups"]),
                permissions=frozenset(one.pk for one in cleaned["user_permissions"]),
            )
            check_standing(actor=self.actor, person_id=self.instance.pk, wanted=wanted)
        return cleaned


class MembershipOfUserInline(TabularInline):
    """The accounts a person may open."""

    model = Membership
    extra = 0
    tab = True
    fields = ("account", "role")
    autocomplete_fields = ("account",)
    verbose_name_plural = "accounts"


@admin.register(User)
class UserAdmin(DjangoUserAdmin, BackOfficeAdmin):  # type: ignore[misc]
    """People who sign in."""

    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "is_superuser", ("memberships__role", ChoicesDropdownFilter))
    search_fields = ("email", "name")
    readonly_fields = ("last_login", "date_joined")
    asks_recent_sign_in = True
    filter_horizontal = ("groups", "user_permissions")
    inlines = (MembershipOfUserInline,)
    fieldsets = (
        (None, {"fields": ("email", "name", "password", ("last_login", "date_joined"))}),
        ("What they may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    actions_detail = ("switch_two_factor_off",)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Members are changed by whoever has the permission, staff by those who decide about them."""
        return super().has_change_permission(request, obj) and has_power_over(request.user, obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        """The person with what their permissions are about, which a page that only shows them names one by one."""
        user: User | None = super().get_object(request, object_id, from_field)
        if user is not None:
            prefetch_related_objects([user], "user_permissions__content_type")
        return user

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """What a person may do is only shown: one's own, and to those who do not decide about it."""
        fixed = tuple(super().get_readonly_fields(request, obj))
        if obj is None:
            return fixed
        if obj.pk == request.user.pk or not decides_about_staff(request.user):
            return (*fixed, "is_active", "is_staff", "is_superuser", "groups", "user_permissions")
        return fixed if request.user.is_superuser else (*fixed, "is_superuser")

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, which knows who fills it in."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.actor = request.user
        return form

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Another person's password, after the own one was asked for."""
        if self.has_change_permission(request, self.get_object(request, id)):
            recent_sign_in.ask(request, keeps_what_was_sent=False)
        response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Those that fit: nothing is to be switched off where nothing is on, nor by whom the person is above."""
        user = self.get_object(request, str(object_id))
        is_on = user is not None and two_factor_of(user).is_on and has_power_over(request.user, user)
        return super().get_actions_detail(request, object_id) if is_on else []

    @action(description="Switch two-factor off", permissions=["act"], icon="lock_open", variant=ActionVariant.DANGER)
    def switch_two_factor_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For somebody who has lost both the app and the recovery codes."""
        user = self.get_object(request, object_id)
        if user is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not has_power_over(request.user, user):
            raise PermissionDenied

        def perform(form: actions.ReasonForm) -> str:
            two_factor.switch_off(user_id=user.pk, staff_id=request.user.pk)
            get_adapter(request).send_notification_mail("mfa/email/switched_off_by_support", user)
            return f"{user} signs in with the password alone."

        return actions.run(
            request,
            self,
            user,
            actions.Action(
                title="Switch two-factor off",
                intro=(
                    "From then on the password alone signs this person in, and the recovery codes no longer work. The "
                    "person is told by e-mail. Be sure who asks: this is what a thief of the password would ask for."
                ),
                verb="Switch off",
                moves_money=True,
                question=f"Switch two-factor off for {user}?",
                explain=lambda form: [("Person", user), ("Reason", form.cleaned_data["reason"])],
                perform=perform,
                is_dangerous=True,
            ),
        )

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Memberships once the person exists."""
        return self.inlines if obj is not None else ()

"""People: customers' members and staff. Nobody is deleted; a person is switched off."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from organizations.admin.base import BackOfficeAdmin
from organizations.models import Membership, User

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
    """A person that exists."""

    class Meta:
        model = User
        fields = "__all__"


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
    filter_horizontal = ("groups", "user_permissions")
    inlines = (MembershipOfUserInline,)
    fieldsets = (
        (None, {"fields": ("email", "name", "password", ("last_login", "date_joined"))}),
        ("What they may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        """Memberships once the person exists."""
        return self.inlines if obj is not None else ()

"""Pages for what other packages bring: roles and periodic tasks in the back office's look, the rest left out.

The packages' own registrations are replaced, not edited: `config` is the last app that the admin discovers.
"""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django_celery_beat.admin import ClockedScheduleAdmin as BaseClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BaseCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BasePeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from rest_framework_api_key.models import APIKey
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from organizations.admin.base import CappedPaginator, ask_to_delete, ask_to_save
from organizations.admin.recorded import RecordedAdmin
from organizations.models import User
from organizations.roles import StaffRole
from organizations.selectors.staff import decides_about_staff
from organizations.services.staff import check_permissions_of_group

# Staff sign in where everybody does: the admin's own page would ask for no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Keys are `ServiceKey`s, nobody confirms addresses, and second factors hold secrets: a person's page takes them away.
for model in (APIKey, Authenticator, EmailAddress, EmailConfirmation, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


class ListBase(RecordedAdmin):
    """A list that never counts more than it shows."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_filter_submit = True


class GroupForm(forms.ModelForm):
    """A group of the operator's own. `actor` is who makes or changes it."""

    actor: ClassVar[User]

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def clean_permissions(self) -> Any:
        """None that the actor does not have."""
        chosen = self.cleaned_data["permissions"]
        check_permissions_of_group(actor=self.actor, given=[one.pk for one in chosen])
        return chosen


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ListBase):  # type: ignore[misc]
    """Roles: sets of permissions for staff. The four of the installation stay as config.role_subjects has them."""

    form = GroupForm

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Group | None:
        """The role with what its permissions are about, which a page that only shows them names one by one."""
        group: Group | None = super().get_object(request, object_id, from_field)
        if group is not None:
            prefetch_related_objects([group], "permissions__content_type")
        return group

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Those who decide about staff."""
        return super().has_add_permission(request) and decides_about_staff(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """Those who decide about staff; the installation's own roles nobody: the next migration would undo it."""
        return super().has_change_permission(request, obj) and self._is_theirs(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        """As changing."""
        return super().has_delete_permission(request, obj) and self._is_theirs(request, obj)

    def _is_theirs(self, request: HttpRequest, obj: Group | None) -> bool:
        return decides_about_staff(request.user) and (obj is None or obj.name not in StaffRole.values)

    def get_form(self, request: HttpRequest, obj: Group | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form, which knows who fills it in."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.actor = request.user
        return form

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *arguments: Any, **named: Any
    ) -> HttpResponse:
        """The page; what it changes asks for a recent sign-in."""
        ask_to_save(request, self, object_id)
        response: HttpResponse = super().changeform_view(request, object_id, *arguments, **named)
        return response

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; its menu deletes after a recent sign-in, too."""
        if request.method == "POST":
            ask_to_delete(request, self)
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The question, and the deed; both ask for a recent sign-in."""
        ask_to_delete(request, self)
        response: HttpResponse = super().delete_view(request, object_id, extra_context)
        return response


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The choice of registered tasks, themed."""


class TaskForm(PeriodicTaskForm):
    """The package's form with themed fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BasePeriodicTaskAdmin, ListBase):
    """What beat starts by the clock; the sweeps' rows come from the settings at its start."""

    form = TaskForm
    date_hierarchy = None
    list_filter = ("enabled", "one_off")
    list_select_related = ("interval", "crontab", "solar", "clocked")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The package's, which ask for no permission, for those who may change the tasks."""
        return super().get_actions(request) if self.has_change_permission(request) else {}


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ListBase):
    """Every so many seconds, minutes, …"""

    list_display = ("__str__", "every", "period")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(BaseCrontabScheduleAdmin, ListBase):
    """By the calendar."""


@admin.register(SolarSchedule)
class SolarScheduleAdmin(ListBase):
    """By the sun."""

    list_display = ("event", "latitude", "longitude")


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(BaseClockedScheduleAdmin, ListBase):
    """Once, at a moment."""

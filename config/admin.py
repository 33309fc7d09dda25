"""Pages for what other packages bring: roles and periodic tasks in the back office's look, the rest left out.

The packages' own registrations are replaced, not edited: `config` is the last app that the admin discovers.
"""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django_celery_beat.admin import ClockedScheduleAdmin as BaseClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BaseCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BasePeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from rest_framework_api_key.models import APIKey
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from organizations.admin.base import CappedPaginator

# Staff sign in where everybody does: the admin's own page would ask for no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

# Keys are `ServiceKey`s, nobody confirms addresses, and second factors hold secrets: a person's page takes them away.
for model in (APIKey, Authenticator, EmailAddress, EmailConfirmation, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


class ListBase(ModelAdmin):
    """A list that never counts more than it shows."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_filter_submit = True


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ListBase):  # type: ignore[misc]
    """Roles: sets of permissions for staff."""


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

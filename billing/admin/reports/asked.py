"""The days and moments that reports are asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from unfold.widgets import UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

DAYS_MAX = 400  # a year, and the month before it to compare with
FIRST_YEAR, LAST_YEAR = 2000, 2099


def today() -> date:
    """Today in UTC."""
    return timezone.now().astimezone(UTC).date()


def _month_begins() -> date:
    return today().replace(day=1)


class PeriodForm(forms.Form):
    """From one day to another, both included."""

    first_day = forms.DateField(initial=_month_begins, widget=UnfoldAdminSingleDateWidget)
    last_day = forms.DateField(initial=today, widget=UnfoldAdminSingleDateWidget, help_text="Included.")

    def clean(self) -> dict[str, Any]:
        """The period is not turned round and not longer than a report can show."""
        data = super().clean() or self.cleaned_data
        first, last = data.get("first_day"), data.get("last_day")
        if (first and first.year < FIRST_YEAR) or (last and last.year > LAST_YEAR):
            self.add_error("first_day", "Choose days of this century.")
        elif first and last and last < first:
            self.add_error("last_day", "The last day lies before the first one.")
        elif first and last and last - first >= timedelta(days=DAYS_MAX):
            self.add_error("last_day", f"That is more than {DAYS_MAX} days. Choose a shorter period.")
        return data


class AsOfForm(forms.Form):
    """A moment of UTC: the end of a day, unless a time of it is given."""

    day = forms.DateField(label="As of", initial=today, widget=UnfoldAdminSingleDateWidget, help_text="A day of UTC.")
    time = forms.TimeField(
        label="Time",
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "end of the day"}),
        help_text="UTC, such as 14:30. Empty: all of the day.",
        error_messages={"invalid": "Write a time of the day, such as 14:30, or leave it empty."},
    )

    def clean_day(self) -> date:
        """A day that has begun."""
        day: date = self.cleaned_data["day"]
        if day > today():
            raise forms.ValidationError("This day has not begun. Choose today or an earlier one.")
        if day.year < FIRST_YEAR:
            raise forms.ValidationError("Choose a day of this century.")
        return day

    @property
    def before(self) -> datetime:
        """What happened before this moment counts."""
        day, at = self.cleaned_data["day"], self.cleaned_data.get("time")
        if at is not None:
            return datetime.combine(day, at, UTC)
        return datetime.combine(day + timedelta(days=1), time.min, UTC)

    @property
    def words(self) -> str:
        """The moment as a person says it."""
        now = timezone.now().astimezone(UTC)
        if self.before > now:
            return f"{now:%Y-%m-%d %H:%M:%S} UTC, now"
        return (
            f"{self.before:%Y-%m-%d %H:%M:%S} UTC" if self.cleaned_data.get("time") else f"the end of {self._day} UTC"
        )

    @property
    def stamp(self) -> str:
        """The moment in a file's name."""
        at = self.cleaned_data.get("time")
        return f"{self._day}-{at:%H%M}" if at else f"{self._day}"

    @property
    def _day(self) -> date:
        day: date = self.cleaned_data["day"]
        return day

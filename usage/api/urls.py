"""The addresses of the API. The hot ones are answered by `usage.api.lane` before the resolver is asked."""

from __future__ import annotations

from django.urls import path

from usage.api import hot

app_name = "api"

urlpatterns = [
    path("events", hot.events, name="events"),
    path("events/void", hot.void, name="void"),
    path("calls/authorize", hot.authorize, name="authorize"),
    path("calls/extend", hot.extend, name="extend"),
    path("calls/release", hot.release, name="release"),
]

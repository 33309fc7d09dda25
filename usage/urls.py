"""The addresses of the customer pages."""

from django.urls import path

from organizations.models import Mode
from usage.views.call import call
from usage.views.calls import calls, calls_csv
from usage.views.history import history, history_csv
from usage.views.overview import overview
from usage.views.prices import prices
from usage.views.projects import project_mode, projects
from usage.views.usage import usage, usage_csv

urlpatterns = [
    path("", overview, name="overview"),
    path("history/", history, name="history"),
    path("history.csv", history_csv, name="history_csv"),
    path("calls/", calls, name="calls"),
    path("calls.csv", calls_csv, name="calls_csv"),
    path("calls/<int:event_id>/", call, name="call"),
    path("prices/", prices, name="prices"),
    path("projects/", projects, name="projects"),
    path("projects/<int:project_id>/live/", project_mode, {"mode": Mode.LIVE}, name="project_live"),
    path("projects/<int:project_id>/sandbox/", project_mode, {"mode": Mode.SANDBOX}, name="project_sandbox"),
    path("usage/", usage, name="usage"),
    path("usage.csv", usage_csv, name="usage_csv"),
]

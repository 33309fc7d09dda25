"""The addresses that Robokassa calls and returns to; they are set in its cabinet, and never change."""

from __future__ import annotations

from django.urls import path

from billing.views.robokassa import robokassa_fail, robokassa_result, robokassa_success

urlpatterns = [
    path("result/", robokassa_result, name="robokassa_result"),
    path("success/", robokassa_success, name="robokassa_success"),
    path("fail/", robokassa_fail, name="robokassa_fail"),
]

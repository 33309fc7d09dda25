"""The addresses that Telegram calls."""

from __future__ import annotations

from django.urls import path

from notifications.views.telegram import telegram_update

urlpatterns = [path("telegram/", telegram_update, name="telegram_update")]

"""Jobs of minutes have workers of their own: sweeps, holds and chat hours never wait behind them."""

from __future__ import annotations

from typing import Any

from billing.services.exports import making
from usage.services import rerating
from usage.services.what_if import running


def test_long_jobs_keep_no_sweep_waiting(settings: Any) -> None:
    for task in (rerating.TASK, running.TASK, making.TASK):
        assert settings.CELERY_TASK_ROUTES[task] == {"queue": "exports"}
    assert settings.CELERY_TASK_ROUTES.get("sweeps.work_on_reratings", {}) == {}, "the sweep only rings"

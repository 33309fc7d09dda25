"""The Celery application. Tasks are doorbells: what must happen is a row, and a sweep finds what was missed."""

import os
from typing import Any

from celery import Celery, Task
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["filesystem"] = "config.folder_broker:Transport"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class NamedTask(Task):
    """Gives its name to the history of what it changes."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task."""
        from organizations.history.attribution import acting

        with acting(source="task", doing=self.name):
            return super().__call__(*args, **kwargs)


app = Celery("billing", task_cls=NamedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

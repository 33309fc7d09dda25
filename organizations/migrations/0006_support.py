from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("organizations", "0005_silent_services")]

    operations: ClassVar = []

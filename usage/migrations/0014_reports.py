from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [("usage", "0013_blocked_callers")]

    operations: ClassVar = []

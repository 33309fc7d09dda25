"""The cache that the processes of the site share: what one counts, all see."""

from __future__ import annotations

from threading import Thread

import pytest
from django.core.cache.backends.db import DatabaseCache
from django.db import connection


@pytest.fixture
def shared() -> DatabaseCache:
    """The cache as the settings have it outside tests."""
    return DatabaseCache("shared_cache", {"OPTIONS": {"MAX_ENTRIES": 100_000}})


@pytest.mark.django_db(transaction=True)
def test_what_one_process_counts_another_sees(shared: DatabaseCache) -> None:
    def count() -> None:
        shared.set("wrong-passwords", 5, 60)
        connection.close()

    thread = Thread(target=count)
    thread.start()
    thread.join()
    assert shared.get("wrong-passwords") == 5
    shared.delete("wrong-passwords")
    assert shared.get("wrong-passwords") is None

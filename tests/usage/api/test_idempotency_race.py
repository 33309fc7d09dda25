"""Two requests with one Idempotency-Key at the same time: one does the work, both get its answer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from organizations.models import Account, Project
from tests.factories import ApiClient
from tests.usage.api.bodies import signup

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "signup-1"}, {}])
def test_a_race_makes_one_account(products: Any, api: Callable[..., ApiClient], headers: dict[str, str]) -> None:
    clients = [api("letustalk") for _ in range(THREADS)]
    ready = Barrier(THREADS)

    def sign_up(client: ApiClient) -> tuple[int, str]:
        ready.wait()
        try:
            response = client.post("/api/v1/accounts", signup(), **headers)
            return response.status_code, response.json()["created_at"]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(sign_up, clients))
    statuses = sorted(status for status, _ in answers)
    assert statuses == ([201] * THREADS if headers else [200] * (THREADS - 1) + [201])
    assert len({created_at for _, created_at in answers}) == 1
    assert (Account.objects.count(), Project.objects.count()) == (1, 2)

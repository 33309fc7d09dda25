"""What a member was told, and what became of the last test message."""

from __future__ import annotations

from django.db.models import Prefetch

from notifications.models import Delivery, Event, Notice


def last_test(*, account_id: int, user_id: int) -> Notice | None:
    """The member's last test message with its deliveries; None: never any."""
    tests = Notice.objects.filter(account_id=account_id, event=Event.TEST, facts__user=str(user_id))
    return (
        tests.prefetch_related(Prefetch("deliveries", Delivery.objects.order_by("id"))).order_by("-created_at").first()
    )

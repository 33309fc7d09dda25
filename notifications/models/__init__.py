from notifications.models.delivery import Delivery
from notifications.models.sweep import SweepRun

__all__ = ["Delivery", "SweepRun"]

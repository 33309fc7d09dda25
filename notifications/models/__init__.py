from notifications.models.delivery import Delivery
from notifications.models.incident import Incident
from notifications.models.sweep import SweepRun

__all__ = ["Delivery", "Incident", "SweepRun"]

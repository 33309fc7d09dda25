from notifications.models.delivery import Attempt, Channel, Delivery
from notifications.models.endpoint import WebhookEndpoint, WebhookType
from notifications.models.incident import Incident
from notifications.models.notice import Event, Notice
from notifications.models.preference import AlertAddress, Preference
from notifications.models.sweep import SweepRun
from notifications.models.telegram import TelegramLink

__all__ = [
    "AlertAddress",
    "Attempt",
    "Channel",
    "Delivery",
    "Event",
    "Incident",
    "Notice",
    "Preference",
    "SweepRun",
    "TelegramLink",
    "WebhookEndpoint",
    "WebhookType",
]

from notifications.models.delivery import Attempt, Channel, Delivery
from notifications.models.endpoint import WebhookEndpoint, WebhookType
from notifications.models.incident import Incident
from notifications.models.notice import Audience, Event, Notice
from notifications.models.preference import AlertAddress, Preference
from notifications.models.sweep import SweepRun
from notifications.models.telegram import EndReason, TelegramLink, TelegramPace

__all__ = [
    "AlertAddress",
    "Attempt",
    "Audience",
    "Channel",
    "Delivery",
    "EndReason",
    "Event",
    "Incident",
    "Notice",
    "Preference",
    "SweepRun",
    "TelegramLink",
    "TelegramPace",
    "WebhookEndpoint",
    "WebhookType",
]

from usage.models.blocked import BlockedCaller
from usage.models.chat import ChatHour
from usage.models.event import EventType, UsageEvent
from usage.models.idempotency import IdempotentRequest
from usage.models.rate_card import FreeRule, Rate, RateCard, RateCardVersion
from usage.models.rejection import RejectedEvent
from usage.models.rerating import ChargeRevision, ReratedCall, Rerating
from usage.models.rollup import DailyComponent, DailyUsage
from usage.models.what_if import WhatIfAccount, WhatIfRun, WhatIfStatus

__all__ = [
    "BlockedCaller",
    "ChargeRevision",
    "ChatHour",
    "DailyComponent",
    "DailyUsage",
    "EventType",
    "FreeRule",
    "IdempotentRequest",
    "Rate",
    "RateCard",
    "RateCardVersion",
    "RejectedEvent",
    "ReratedCall",
    "Rerating",
    "UsageEvent",
    "WhatIfAccount",
    "WhatIfRun",
    "WhatIfStatus",
]

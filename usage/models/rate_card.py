"""Rate cards: prices with a date from which they hold, a product's default or an account's own.

A version is edited as a draft and then published; a published version never changes (a trigger holds it), because
charges name it. A new price is a new version. The version that prices a call is the last one published for its card
whose `starts_at` is not after the call's start.
"""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from organizations.models import Account, Product


class RateCard(models.Model):
    """A named list of prices of a product; with an account it is that account's own and replaces the default."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="rate_cards")
    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="rate_card", help_text="Empty: default."
    )
    name = models.CharField(max_length=100)
    examples = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="What the calculator on the prices page begins with: an event's data by event type.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["product", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["product"], condition=Q(account__isnull=True), name="rate_card_one_default_per_product"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Rounding(models.TextChoices):
    """How a line is rounded to the card's step."""

    HALF_UP = "half_up", "Half up"
    UP = "up", "Up"
    DOWN = "down", "Down"
    HALF_EVEN = "half_even", "Half to even"


class RateCardVersion(models.Model):
    """The prices that hold from one moment on."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    starts_at = models.DateTimeField("holds from", help_text="Prices calls that start at this moment or later.")
    rounding_step = models.DecimalField(
        max_digits=10, decimal_places=6, default=Decimal("0.000001"), help_text="Each line is rounded to this step."
    )
    rounding = models.CharField(max_length=10, choices=Rounding, default=Rounding.HALF_UP)
    derives_outcome = models.BooleanField(
        default=False, help_text="Each completed call resolves to success, conversation or spam."
    )
    conversation_seconds = models.PositiveIntegerField(
        default=30, help_text="Least length of a real conversation, inclusive."
    )
    conversation_turns = models.PositiveIntegerField(
        default=3, help_text="Least number of the caller's turns in a real conversation, inclusive."
    )
    default_tier = models.CharField(max_length=40, blank=True, help_text="For calls that name no tier.")
    aggregates_chat = models.BooleanField(
        default=False, help_text="Chat messages are charged once per project and clock hour, not one by one."
    )
    note = models.CharField(max_length=255, blank=True, help_text="Why this version exists.")
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["card", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["card", "number"], name="version_number"),
            models.UniqueConstraint(
                fields=["card", "starts_at"], condition=Q(status="published"), name="version_one_per_start"
            ),
            models.CheckConstraint(condition=Q(rounding_step__gt=0, rounding_step__lt=1000), name="version_step"),
            models.CheckConstraint(
                condition=Q(status="published", published_at__isnull=False)
                | Q(status="draft", published_at__isnull=True),
                name="version_published",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card.name}, version {self.number}"


class Rate(models.Model):
    """The price of one component. Empty selectors match anything; the most specific rate of a component applies."""

    class Method(models.TextChoices):
        UNIT = "unit", "Price x quantity"
        COST = "cost", "Provider cost, passed on"
        MARGIN = "margin", "Share of the provider cost"

    version = models.ForeignKey(RateCardVersion, on_delete=models.CASCADE, related_name="rates")
    position = models.PositiveSmallIntegerField(default=0, help_text="Order of the lines of a charge.")
    event_type = models.CharField(max_length=40)
    component = models.SlugField(max_length=40)
    label = models.CharField(max_length=100, help_text="What customers read.")
    model = models.CharField(max_length=80, blank=True)
    tier = models.CharField(max_length=40, blank=True)
    outcome = models.CharField(max_length=40, blank=True)
    channels = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="Charged on these channels. Empty: all."
    )
    method = models.CharField(max_length=10, choices=Method, default=Method.UNIT)
    metric = models.CharField(
        max_length=40, blank=True, help_text="The event's field that is counted. Empty: one per event."
    )
    unit = models.CharField(max_length=20, help_text="What one of the quantity is called: token, second, minute, call.")
    price = models.DecimalField(
        max_digits=20,
        decimal_places=10,
        null=True,
        blank=True,
        help_text="Of `per` units; for a margin the share, such as 0.30. Empty: on request.",
    )
    per = models.DecimalField(
        max_digits=20, decimal_places=6, default=Decimal(1), help_text="Units the price is for, such as 1000 tokens."
    )
    included = models.DecimalField(
        max_digits=20, decimal_places=6, default=Decimal(0), help_text="Of the metric, free before charging begins."
    )
    cap_field = models.CharField(
        max_length=40, blank=True, help_text="Charged only when this field of the event is above what is included."
    )
    first_increment = models.DecimalField(
        max_digits=20, decimal_places=6, default=Decimal(0), help_text="Least that is counted once anything is."
    )
    increment = models.DecimalField(
        max_digits=20, decimal_places=6, default=Decimal(0), help_text="Counted in steps of this, begun ones in full."
    )
    units_per_increment = models.DecimalField(
        max_digits=20,
        decimal_places=6,
        default=Decimal(1),
        help_text="What the quantity is divided by, such as 60 to state seconds of the metric as minutes.",
    )
    minimum = models.DecimalField(
        max_digits=20, decimal_places=6, default=Decimal(0), help_text="Least amount of the line."
    )
    tiers = models.JSONField(
        default=list, blank=True, help_text='Prices by volume: [{"above": "1000", "price": "0.004"}], rising.'
    )
    is_operators_to_set = models.BooleanField(
        "operator's to set", default=False, help_text="The product's page leaves this price open."
    )

    class Meta:
        ordering = ["version", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gte=0, price__lt=10**9), name="rate_price"
            ),
            models.CheckConstraint(
                condition=Q(per__gt=0, per__lt=10**13)
                & Q(included__gte=0, included__lt=10**13)
                & Q(first_increment__gte=0, first_increment__lt=10**13)
                & Q(increment__gte=0, increment__lt=10**13)
                & Q(units_per_increment__gt=0, units_per_increment__lt=10**13)
                & Q(minimum__gte=0, minimum__lt=10**13),
                name="rate_quantities",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class FreeRule(models.Model):
    """What is not charged: an event that meets the condition has no lines, and says why."""

    class Condition(models.TextChoices):
        STATUS = "status", "The call's status is one of the values"
        BELOW = "below", "The field is below the limit"
        UP_TO = "up_to", "The field is not above the limit"

    version = models.ForeignKey(RateCardVersion, on_delete=models.CASCADE, related_name="free_rules")
    position = models.PositiveSmallIntegerField(default=0, help_text="The first rule that applies gives the reason.")
    event_type = models.CharField(max_length=40)
    code = models.SlugField(max_length=40)
    reason = models.CharField(max_length=200, help_text="What customers read.")
    condition = models.CharField(max_length=10, choices=Condition)
    field = models.CharField(max_length=40, default="status")
    values = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    limit = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    except_statuses = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text="Statuses the rule does not apply to."
    )

    class Meta:
        ordering = ["version", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(condition="status", limit__isnull=True)
                | (~Q(condition="status") & Q(limit__gte=0, limit__lt=10**13)),
                name="free_rule_limit",
            )
        ]

    def __str__(self) -> str:
        return self.reason

"""The documents that the API's slower endpoints answer, for the schema: amounts are strings with six decimals."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

AMOUNT = r"^-?\d{1,14}\.\d{6}$"


class AmountField(serializers.RegexField):
    """An amount of money."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(AMOUNT, **kwargs)


class BalanceSerializer(serializers.Serializer[Any]):
    """An account's balance now; `paid` is negative when calls took more than there was."""

    currency = serializers.CharField()
    available = AmountField(help_text="What may still be spent: balance and credit limit less what is held.")
    paid = AmountField()
    promo = AmountField()
    allotment = AmountField()
    held = AmountField(help_text="Reserved for calls in progress.")
    credit_limit = AmountField()
    mode = serializers.ChoiceField(choices=["prepaid", "postpay"])
    accepting_calls = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True, help_text="Why no call may start, as in `calls/authorize`.")


class TransactionEventSerializer(serializers.Serializer[Any]):
    """The event that a transaction charged or reversed."""

    source = serializers.CharField()  # type: ignore[assignment]
    id = serializers.CharField()
    type = serializers.CharField()
    call_id = serializers.CharField(allow_null=True)


class TransactionSerializer(serializers.Serializer[Any]):
    """One entry of the account's history."""

    number = serializers.IntegerField(help_text="Counts up without gaps.")
    kind = serializers.CharField()
    amount = AmountField(help_text="Positive when the customer gains.")
    balance_after = AmountField()
    currency = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_null=True)
    project = serializers.CharField(allow_null=True)
    event = TransactionEventSerializer(allow_null=True)
    day = serializers.DateField(help_text="In the account's timezone.")
    created_at = serializers.DateTimeField()


class TransactionPageSerializer(serializers.Serializer[Any]):
    """A page of transactions, newest first."""

    results = TransactionSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page.")


class UsageRowSerializer(serializers.Serializer[Any]):
    """Usage of one day, project, component or outcome; the field of that name is the one asked for."""

    day = serializers.DateField(required=False)
    project = serializers.CharField(required=False)
    outcome = serializers.CharField(required=False, allow_null=True)
    component = serializers.CharField(required=False)
    unit = serializers.CharField(required=False)
    quantity = serializers.CharField(required=False)
    simulated = serializers.BooleanField()
    count = serializers.IntegerField()
    free_count = serializers.IntegerField(required=False)
    duration_seconds = serializers.CharField(required=False)
    tokens = serializers.CharField(required=False)
    spent = AmountField()


class UsageSerializer(serializers.Serializer[Any]):
    """Usage between two of the account's days, both included."""

    account = serializers.CharField()
    currency = serializers.CharField()
    timezone = serializers.CharField()
    group_by = serializers.ChoiceField(choices=["day", "project", "component", "outcome"])
    spent = AmountField(help_text="Of live projects.")
    simulated_spent = AmountField(help_text="What sandbox projects would have cost.")
    results = UsageRowSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of Python's, so the two days are named here."""
        return {**super().get_fields(), "from": serializers.DateField(), "to": serializers.DateField()}


class LineSerializer(serializers.Serializer[Any]):
    """A line of a charge: quantity x price / per, rounded once."""

    component = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    quantity = serializers.CharField()
    unit = serializers.CharField()
    unit_price = serializers.CharField()
    amount = AmountField()
    price = serializers.CharField(required=False)
    per = serializers.CharField(required=False)
    measured = serializers.CharField(required=False)
    measured_unit = serializers.CharField(required=False)


class ChargeSerializer(serializers.Serializer[Any]):
    """What an event cost, line by line, or why it was free."""

    total = AmountField()
    currency = serializers.CharField()
    lines = LineSerializer(many=True)
    free_code = serializers.CharField(allow_null=True, required=False)
    free_reason = serializers.CharField(allow_null=True)


class RateCardNameSerializer(serializers.Serializer[Any]):
    """The price list that rated the event."""

    name = serializers.CharField()
    version = serializers.IntegerField()


class EstimateSerializer(ChargeSerializer):
    """What the event would cost."""

    outcome = serializers.CharField(allow_null=True)
    tier = serializers.CharField(allow_null=True)
    rate_card = RateCardNameSerializer()


class CallSerializer(serializers.Serializer[Any]):
    """A call with its charge."""

    call_id = serializers.CharField(allow_blank=True)
    source = serializers.CharField()  # type: ignore[assignment]
    id = serializers.CharField()
    service = serializers.CharField()
    account = serializers.CharField()
    project = serializers.CharField()
    channel = serializers.CharField(allow_null=True)
    direction = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    tier = serializers.CharField(allow_null=True)
    outcome = serializers.CharField(allow_null=True)
    outcome_reason = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    time = serializers.DateTimeField()
    duration_seconds = serializers.CharField()
    day = serializers.DateField(help_text="When it was charged, in the account's timezone.")
    simulated = serializers.BooleanField()
    charge = ChargeSerializer(allow_null=True)
    provider_cost = AmountField()
    rate_card = RateCardNameSerializer(allow_null=True)
    transaction = serializers.IntegerField(allow_null=True, help_text="Its number in the account's history.")
    hold = serializers.IntegerField(allow_null=True)
    void = serializers.BooleanField()
    voided_at = serializers.DateTimeField(allow_null=True)
    void_reason = serializers.CharField(allow_null=True)


class CallPageSerializer(serializers.Serializer[Any]):
    """A page of calls, newest first."""

    results = CallSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="The cursor of the next page.")

"""Periods have a name outside, what their usage cost, and the number that a wallet's postpay began with."""

from __future__ import annotations

import decimal
import uuid

import djmoney.models.fields
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0017_document_failures")]
    operations = [
        migrations.RemoveConstraint(model_name="billingperiod", name="period_amounts"),
        migrations.AddField(
            model_name="billingperiod",
            name="reference",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name="billingperiod",
            name="since_number",
            field=models.BigIntegerField(
                default=0,
                editable=False,
                help_text="The wallet's newest transaction when it began to pay by invoice.",
            ),
        ),
        migrations.AddField(
            model_name="billingperiod",
            name="usage",
            field=djmoney.models.fields.MoneyField(
                currency_field_name="currency",
                decimal_places=6,
                default=decimal.Decimal,
                help_text="What its usage cost, reversals taken off, whether promo, the balance or nobody paid.",
                max_digits=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="billingperiod",
            constraint=models.CheckConstraint(
                condition=Q(
                    net__gte=0,
                    settled__gte=0,
                    settled__lte=F("total"),
                    starts_at__lt=F("ends_at"),
                    tax__gte=0,
                    total=F("net") + F("tax"),
                )
                & Q(usage__lt=10**14)
                & Q(net__lt=10**14)
                & Q(tax__lt=10**14)
                & Q(total__lt=10**14)
                & Q(settled__lt=10**14),
                name="period_amounts",
            ),
        ),
    ]

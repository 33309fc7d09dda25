"""A second person's approval: what waits for it, the limits that it is asked above, and what the database holds of it.

Two people decide, what was asked stays, nothing is removed; every change of a product's limit leaves a row.
"""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import djmoney.models.fields
from django.conf import settings
from django.db import migrations, models

SAME_WALLET = (
    """
ALTER TABLE billing_approval
  ADD CONSTRAINT approval_of_wallet FOREIGN KEY (wallet_id, currency) REFERENCES billing_wallet (id, currency),
  ADD CONSTRAINT approval_of_payment FOREIGN KEY (payment_id, wallet_id) REFERENCES billing_payment (id, wallet_id),
  ADD CONSTRAINT approval_of_refund FOREIGN KEY (refund_id, wallet_id) REFERENCES billing_refund (id, wallet_id);
""",
    """
ALTER TABLE billing_approval
  DROP CONSTRAINT approval_of_refund, DROP CONSTRAINT approval_of_payment, DROP CONSTRAINT approval_of_wallet;
""",
)

WHAT_WAS_ASKED_STAYS = (
    """
CREATE TRIGGER ledger_rows_stay BEFORE DELETE OR TRUNCATE ON billing_approval
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE TRIGGER approval_stays BEFORE UPDATE ON billing_approval FOR EACH ROW
  WHEN (OLD.status <> 'requested' OR OLD.id <> NEW.id OR OLD.key <> NEW.key OR OLD.kind <> NEW.kind
        OR OLD.wallet_id <> NEW.wallet_id OR OLD.currency <> NEW.currency OR OLD.amount <> NEW.amount
        OR OLD."limit" <> NEW."limit" OR OLD.done_alone <> NEW.done_alone OR OLD.reason <> NEW.reason
        OR OLD.payment_id IS DISTINCT FROM NEW.payment_id OR OLD.refund_id IS DISTINCT FROM NEW.refund_id
        OR OLD.credit_expires_at IS DISTINCT FROM NEW.credit_expires_at
        OR OLD.asked_by_id <> NEW.asked_by_id OR OLD.asked_at <> NEW.asked_at)
  EXECUTE FUNCTION billing_refuse_change('what was asked stays, and so does what was decided');
""",
    """
DROP TRIGGER approval_stays ON billing_approval;
DROP TRIGGER ledger_rows_stay ON billing_approval;
""",
)

# The moment is the row's own lock's: staff's deeds read the limit under a share lock (`billing.services.alone`).
LIMITS_LEAVE_ROWS = (
    """
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_approvallimit
  FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse_removal();
CREATE FUNCTION billing_note_approval_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO billing_approvallimit (product_id, "limit", since)
  VALUES (NEW.product_id, NEW.approval_limit, clock_timestamp());
  RETURN NULL;
END $$;
CREATE TRIGGER approval_limit_is_set AFTER INSERT ON billing_productterms FOR EACH ROW
  WHEN (NEW.approval_limit IS NOT NULL) EXECUTE FUNCTION billing_note_approval_limit();
CREATE TRIGGER approval_limit_changes AFTER UPDATE ON billing_productterms FOR EACH ROW
  WHEN (OLD.approval_limit IS DISTINCT FROM NEW.approval_limit) EXECUTE FUNCTION billing_note_approval_limit();
""",
    """
DROP TRIGGER approval_limit_changes ON billing_productterms;
DROP TRIGGER approval_limit_is_set ON billing_productterms;
DROP FUNCTION billing_note_approval_limit();
DROP TRIGGER ledger_rows_stay ON billing_approvallimit;
""",
)


class Migration(migrations.Migration):
    """Tables first, then the rules; every step has its way back."""

    dependencies: ClassVar = [
        ("billing", "0019_certificates_or_later_tax"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(editable=False, help_text="Makes the same request be asked once.", max_length=120),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("adjustment", "Adjust the balance"),
                            ("promo", "Grant promo credit"),
                            ("refund_request", "Approve a refund request"),
                            ("refund_payment", "Refund a payment"),
                        ],
                        max_length=16,
                    ),
                ),
                ("currency", models.CharField(editable=False, max_length=6)),
                (
                    "amount",
                    djmoney.models.fields.MoneyField(currency_field_name="currency", decimal_places=6, max_digits=20),
                ),
                (
                    "limit",
                    djmoney.models.fields.MoneyField(
                        currency_field_name="currency",
                        decimal_places=6,
                        help_text="What one person might do alone when it was asked.",
                        max_digits=20,
                    ),
                ),
                (
                    "done_alone",
                    djmoney.models.fields.MoneyField(
                        currency_field_name="currency",
                        decimal_places=6,
                        help_text="What the asker had done alone within a day before.",
                        max_digits=20,
                    ),
                ),
                (
                    "credit_expires_at",
                    models.DateTimeField(blank=True, help_text="Of promo credit. Empty: never.", null=True),
                ),
                ("reason", models.CharField(max_length=255)),
                ("asked_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Waiting"),
                            ("approved", "Approved and done"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("words", models.CharField(blank=True, help_text="What the decision was given for.", max_length=255)),
                ("transaction_key", models.CharField(blank=True, editable=False, max_length=120)),
            ],
            options={
                "verbose_name": "approval by a second person",
                "verbose_name_plural": "approvals by a second person",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ApprovalLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "limit",
                    models.DecimalField(decimal_places=6, help_text="Empty: no limit.", max_digits=20, null=True),
                ),
                ("since", models.DateTimeField()),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="productterms",
            name="approval_limit",
            field=djmoney.models.fields.MoneyField(
                blank=True,
                currency_field_name="currency",
                decimal_places=6,
                help_text="Adjustments, promo credit and refunds by one person above this sum, on one wallet within 24 "
                "hours, wait for a second person. Zero: all of them. Empty: none.",
                max_digits=20,
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name="transaction",
            index=models.Index(
                condition=models.Q(("actor__isnull", False)),
                fields=["wallet", "actor", "created_at"],
                name="transaction_by_actor",
            ),
        ),
        migrations.AddConstraint(
            model_name="productterms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approval_limit__isnull", True),
                    models.Q(("approval_limit__gte", 0), ("approval_limit__lt", 100000000000000)),
                    _connector="OR",
                ),
                name="terms_approval_limit",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="payment",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="approvals",
                to="billing.payment",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="refund",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="approvals",
                to="billing.refund",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="wallet",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="approvals",
                to="billing.wallet",
            ),
        ),
        migrations.AddField(
            model_name="approvallimit",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organizations.product",
            ),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(fields=["wallet", "-id"], name="approval_by_wallet"),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(
                condition=models.Q(("status", "requested")), fields=["asked_at"], name="approval_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(fields=("wallet", "key"), name="approval_once"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                condition=models.Q(("transaction_key", ""), _negated=True),
                fields=("wallet", "transaction_key"),
                name="approval_of_transaction",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount", 0), _negated=True),
                    ("done_alone__gte", 0),
                    ("limit__gte", 0),
                    ("amount__lt", 100000000000000),
                    ("limit__lt", 100000000000000),
                    ("done_alone__lt", 100000000000000),
                ),
                name="approval_amounts",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "adjustment"), ("payment__isnull", True), ("refund__isnull", True)),
                    models.Q(("amount__gt", 0), ("kind", "promo"), ("payment__isnull", True), ("refund__isnull", True)),
                    models.Q(
                        ("amount__lt", 0),
                        ("kind", "refund_request"),
                        ("payment__isnull", True),
                        ("refund__isnull", False),
                    ),
                    models.Q(
                        ("amount__lt", 0),
                        ("kind", "refund_payment"),
                        ("payment__isnull", False),
                        ("refund__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="approval_parameters",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("status", "approved"),
                        models.Q(("decided_by", models.F("asked_by")), _negated=True),
                        models.Q(("transaction_key", ""), _negated=True),
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("status", "declined"),
                        ("transaction_key", ""),
                        models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    ),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by", models.F("asked_by")),
                        ("status", "withdrawn"),
                        ("transaction_key", ""),
                    ),
                    models.Q(("decided_at__isnull", False), ("status", "lapsed"), ("transaction_key", "")),
                    models.Q(
                        ("decided_at__isnull", True),
                        ("decided_by__isnull", True),
                        ("status", "requested"),
                        ("transaction_key", ""),
                    ),
                    _connector="OR",
                ),
                name="approval_two_people",
            ),
        ),
        migrations.AddIndex(
            model_name="approvallimit",
            index=models.Index(fields=["product", "-since"], name="approval_limit_since"),
        ),
        migrations.AddConstraint(
            model_name="approvallimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("limit__isnull", True),
                    models.Q(("limit__gte", 0), ("limit__lt", 100000000000000)),
                    _connector="OR",
                ),
                name="approval_limit_amount",
            ),
        ),
        *(
            migrations.RunSQL(forward, backward)
            for forward, backward in (SAME_WALLET, WHAT_WAS_ASKED_STAYS, LIMITS_LEAVE_ROWS)
        ),
    ]

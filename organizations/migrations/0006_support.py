"""Views as a customer, notes on accounts and sign-ins; and that the first two are kept as they were written."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

KEPT = (
    """
CREATE FUNCTION account_note_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'A note is never deleted: strike it out.' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.id, NEW.account_id, NEW.author_id, NEW.text, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.author_id, OLD.text, OLD.created_at)
     OR (OLD.struck_at IS NOT NULL
         AND (NEW.struck_at, NEW.struck_by_id) IS DISTINCT FROM (OLD.struck_at, OLD.struck_by_id)) THEN
    RAISE EXCEPTION 'A note is never edited: strike it out and write another.' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER account_note_stays BEFORE UPDATE OR DELETE ON organizations_accountnote
  FOR EACH ROW EXECUTE FUNCTION account_note_stays();

CREATE FUNCTION support_view_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
     OR (NEW.id, NEW.account_id, NEW.staff_id, NEW.reason, NEW.started_at, NEW.until)
        IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.staff_id, OLD.reason, OLD.started_at, OLD.until) THEN
    RAISE EXCEPTION 'A view as a customer is a record: it ends once and changes no more.'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER support_view_stays BEFORE UPDATE OR DELETE ON organizations_supportview
  FOR EACH ROW EXECUTE FUNCTION support_view_stays();
""",
    """
DROP TRIGGER support_view_stays ON organizations_supportview;
DROP FUNCTION support_view_stays();
DROP TRIGGER account_note_stays ON organizations_accountnote;
DROP FUNCTION account_note_stays();
""",
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("organizations", "0005_silent_services")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AccountNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=4000)),
                (
                    "is_pinned",
                    models.BooleanField(default=False, help_text="Stands above the others.", verbose_name="pinned"),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("struck_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="organizations.account"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "struck_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "note",
                "ordering": ["-created_at", "-id"],
                "permissions": [("add_note", "Can write notes on accounts")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="account_note_says_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("struck_at", None), ("struck_by", None)),
                            models.Q(("struck_at__isnull", False), ("struck_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="account_note_struck_by_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=254, verbose_name="e-mail tried")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ip", models.GenericIPAddressField(blank=True, null=True, verbose_name="IP address")),
                ("browser", models.CharField(blank=True, max_length=300)),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("password", "Password"),
                            ("code", "Password and code"),
                            ("recovery", "Password and recovery code"),
                            ("invitation", "Invitation"),
                            ("again", "Asked again while signed in"),
                            ("other", "Another way"),
                        ],
                        max_length=12,
                        verbose_name="how",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("succeeded", "Succeeded"), ("failed", "Failed"), ("locked", "Locked out")],
                        max_length=10,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_ins",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in",
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(fields=["at"], name="sign_in_at"),
                    models.Index(fields=["address", "at"], name="sign_in_address"),
                    models.Index(fields=["ip", "at"], name="sign_in_ip"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SupportView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=255)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("until", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("button", "Ended by hand"),
                            ("another", "Another one was started"),
                            ("signed_out", "Signed out"),
                            ("not_allowed", "No longer allowed"),
                            ("time", "Time was over"),
                        ],
                        max_length=12,
                        verbose_name="how it ended",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="support_views",
                        to="organizations.account",
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="support_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "view as a customer",
                "verbose_name_plural": "views as a customer",
                "ordering": ["-started_at"],
                "permissions": [("view_as_customer", "Can look at a customer's pages as the customer sees them")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("ending", "")),
                            models.Q(("ended_at__isnull", False), models.Q(("ending", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="support_view_ends_somehow",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="support_view_has_a_reason"
                    ),
                ],
            },
        ),
        migrations.RunSQL(*KEPT),
    ]

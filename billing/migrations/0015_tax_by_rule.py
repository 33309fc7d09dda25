"""Tax by rule: kinds of rates, the rule that a top-up keeps, checks of VAT numbers; when it is due is the issuer's."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

ISSUER_SAYS = """
UPDATE billing_issuer SET taxes_top_ups = false
 WHERE id IN (SELECT issuer_id FROM billing_productterms JOIN billing_topupterms USING (product_id)
               WHERE NOT billing_topupterms.taxes_top_ups)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0014_document_rules"),
        ("organizations", "0004_shared_cache"),
    ]

    operations = [
        migrations.RunSQL(ISSUER_SAYS, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="topupterms",
            name="taxes_top_ups",
        ),
        migrations.AddField(
            model_name="subscription",
            name="tax_treatment",
            field=models.CharField(blank=True, help_text="The rule that held when it began.", max_length=20),
        ),
        migrations.AddField(
            model_name="taxrate",
            name="scheme",
            field=models.CharField(
                choices=[("standard", "Standard"), ("igst", "IGST"), ("cgst", "CGST"), ("sgst", "SGST")],
                default="standard",
                help_text="India: IGST across states, CGST and SGST within one. Everywhere else: standard.",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="topup",
            name="tax_treatment",
            field=models.CharField(
                blank=True,
                help_text="The rule that held, of billing.tax. Empty: tax is due on an invoice.",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="topup",
            name="tax_lines",
            field=models.JSONField(default=list, help_text="Name, percent, base and amount of each tax."),
        ),
        migrations.CreateModel(
            name="VatCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, verbose_name="VAT number")),
                (
                    "state",
                    models.CharField(
                        choices=[("valid", "Valid"), ("invalid", "Invalid"), ("unavailable", "No answer yet")],
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(blank=True, help_text="As the register has it.", max_length=255)),
                ("address", models.TextField(blank=True)),
                (
                    "consultation_number",
                    models.CharField(blank=True, help_text="The register's proof of the question.", max_length=64),
                ),
                (
                    "failures",
                    models.PositiveSmallIntegerField(default=0, help_text="Questions in a row without an answer."),
                ),
                ("note", models.CharField(blank=True, help_text="Why there is no answer.", max_length=255)),
                ("raw", models.JSONField(default=dict, help_text="What came, as it came.")),
                ("checked_at", models.DateTimeField(help_text="When it was last asked.")),
                ("next_check_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="vat_checks",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "VAT check",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["organization", "number", "-id"], name="vat_check_by_number"),
                    models.Index(
                        condition=models.Q(("next_check_at__isnull", False)),
                        fields=["next_check_at"],
                        name="vat_check_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("next_check_at__isnull", False)),
                        fields=("organization", "number"),
                        name="vat_check_newest",
                    )
                ],
            },
        ),
    ]

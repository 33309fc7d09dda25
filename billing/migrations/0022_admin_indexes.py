"""What the back office's search asks. The customers' tables lie further down and are indexed by plain SQL here: the
expressions are those of `config.searching.customers`, and no model needs to know of them.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Replace, Right, StrIndex, Substr, Upper

OF_CUSTOMERS = {
    "account_search_email": "organizations_account (lower(email) text_pattern_ops)",
    "account_search_identifier": "organizations_account (lower(external_id) text_pattern_ops)",
    "account_search_words": "organizations_account USING gin (to_tsvector('simple', name))",
    "user_search_words": "organizations_user USING gin (to_tsvector('simple', name))",
    "invitation_search_email": "organizations_invitation (lower(email) text_pattern_ops)",
    "organization_search_words": "organizations_organization USING gin (to_tsvector('simple', name))",
    "organization_search_email": "organizations_organization (lower(email) text_pattern_ops)",
    "organization_search_tax_id": "organizations_organization (upper(tax_id) text_pattern_ops)",
    "project_search_words": "organizations_project USING gin (to_tsvector('simple', name))",
    "project_search_identifier": "organizations_project (lower(external_id) text_pattern_ops)",
}


class Migration(migrations.Migration):
    """Each index is made beside the work that goes on."""

    atomic = False
    dependencies: ClassVar = [("billing", "0021_reports")]

    operations: ClassVar = [
        AddIndexConcurrently("card", models.Index(fields=["last4", "-id"], name="card_by_last_four")),
        AddIndexConcurrently(
            "payment",
            models.Index(Right("card", 4), F("id").desc(), name="payment_by_last_four", condition=~Q(card="")),
        ),
        AddIndexConcurrently(
            "payment",
            models.Index(
                Upper(Substr("reference", StrIndex("reference", Value(":")) + 1)),
                name="payment_by_bank_reference",
                condition=Q(provider="bank"),
            ),
        ),
        AddIndexConcurrently(
            "document",
            models.Index(
                OpClass(Upper(Replace("label", Value("-"), Value(""))), "text_pattern_ops"),
                name="document_by_bare_label",
            ),
        ),
        *(
            migrations.RunSQL(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {definition}",
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
            )
            for name, definition in OF_CUSTOMERS.items()
        ),
    ]

"""The two sides of a document as they are now, and its language: a later change is a later document's."""

from __future__ import annotations

from billing.documents.content import Party
from billing.models import Issuer
from organizations.languages import language_of
from organizations.models import Account, Organization


def issuer_party(issuer: Issuer) -> Party:
    """The operator's legal entity with its registered office (aitelier.md, 'Taxes and invoicing')."""
    return Party(
        name=issuer.name,
        address=issuer.registered_office,
        country=issuer.country,
        region=issuer.region,
        tax_id=issuer.tax_id,
        tax_registration_code=issuer.tax_registration_code,
        registration_number=issuer.registration_number,
        email=issuer.email,
        bank_name=issuer.bank_name,
        bank_account=issuer.bank_account,
        bank_code=issuer.bank_code,
        correspondent_account=issuer.correspondent_account,
        upi_id=issuer.upi_id,
        signatory_name=issuer.signatory_name,
        signatory_position=issuer.signatory_position,
        accountant_name=issuer.accountant_name,
    )


def buyer_party(account: Account, organization: Organization | None) -> Party:
    """The legal entity that was chosen, else the account itself (aipbx.md, 'Organizations')."""
    if organization is None:
        return Party(name=account.name, country=account.country, email=account.email)
    return Party(
        name=organization.name,
        address=organization.legal_address,
        country=organization.country or account.country,
        region=organization.region,
        tax_id=organization.tax_id,
        tax_registration_code=organization.tax_registration_code,
        email=organization.email,
        bank_account=organization.bank_account,
        bank_code=organization.bank_code,
    )


def document_language(account: Account, issuer: Issuer) -> str:
    """What the account's documents are written in: its own language, else the issuer's."""
    return language_of(None, account) or issuer.language

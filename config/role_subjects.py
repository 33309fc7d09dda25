"""Who may do what in the back office: one line per model that staff see, one per permission of its own.

Support reads what customers may ask about, writes notes and looks at pages as a customer does. Billing moves money:
whatever credits, takes back, voids, re-rates, freezes or documents it. Pricing makes prices and reads what they are
applied to, but no people, payments or documents. Admin does everything that anybody may do, and alone decides who is
staff, which keys are handed out and what products, terms and issuers are. Admin stands in no line: it has them all.

`config.roles` makes the groups so after every migration. A model or permission without a line fails a test; what the
admin itself refuses to everybody, such as editing the ledger, is refused whatever stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from organizations.roles import StaffRole

Roles = frozenset[StaffRole]

NOBODY: Roles = frozenset()  # but admin
BILLING: Roles = frozenset({StaffRole.BILLING})
PRICING: Roles = frozenset({StaffRole.PRICING})
SUPPORT: Roles = frozenset({StaffRole.SUPPORT})
CARE: Roles = SUPPORT | BILLING  # who speaks with customers
FIGURES: Roles = BILLING | PRICING
ALL: Roles = CARE | PRICING


@dataclass(frozen=True)
class Subject:
    """Who may look at a model's rows, change them (which its actions ask for, too), add and delete them."""

    view: Roles
    change: Roles = NOBODY
    add: Roles = NOBODY
    delete: Roles = NOBODY


# Customers
CUSTOMERS = {
    "organizations.account": Subject(ALL, change=BILLING, add=BILLING),
    "organizations.project": Subject(ALL, change=BILLING),
    "organizations.organization": Subject(CARE, change=BILLING, add=BILLING),
    "organizations.membership": Subject(CARE),  # whoever adds one may sign in as the customer
    "organizations.invitation": Subject(CARE, change=BILLING),
    "organizations.user": Subject(CARE),
    "organizations.accountnote": Subject(CARE),  # written by whoever may add a note
    "organizations.supportview": Subject(CARE),
    "organizations.signin": Subject(CARE),
    "usersessions.usersession": Subject(CARE, change=CARE),  # a lost phone is signed out at once
    "organizations.recordedchange": Subject(ALL),  # each sees the changes of what it may see
    "notifications.alertaddress": Subject(CARE),
    "notifications.telegramlink": Subject(CARE),
    "notifications.preference": Subject(CARE),
    "notifications.incident": Subject(CARE, change=BILLING),
    "notifications.notice": Subject(CARE, change=BILLING),
    "notifications.delivery": Subject(CARE, change=BILLING),
}

MONEY = {
    "billing.wallet": Subject(ALL, change=BILLING),
    "billing.topup": Subject(CARE, change=BILLING),
    "billing.payment": Subject(CARE, change=BILLING),
    "billing.refund": Subject(CARE, change=BILLING),
    "billing.approval": Subject(CARE, change=BILLING),
    "billing.dispute": Subject(CARE, change=BILLING),
    "billing.autotopup": Subject(CARE, change=BILLING),
    "billing.card": Subject(CARE, change=BILLING),
    "billing.subscription": Subject(CARE, change=BILLING),
    "billing.couponbatch": Subject(CARE, change=BILLING, add=BILLING),
    "billing.coupon": Subject(CARE, change=BILLING),
    "billing.couponredemption": Subject(CARE),
    "billing.couponattempt": Subject(CARE),
    "billing.billingperiod": Subject(CARE, change=BILLING),
    "billing.postpayterms": Subject(CARE, change=BILLING),
    "billing.paymentdifference": Subject(CARE, change=BILLING),
    "billing.reconciliationrun": Subject(CARE, change=BILLING),
    "billing.providerevent": Subject(CARE, change=BILLING),
}

STRIPE = {
    f"djstripe.{name}": Subject(CARE)
    for name in (
        "charge",
        "customer",
        "dispute",
        "event",
        "invoice",
        "paymentintent",
        "paymentmethod",
        "refund",
        "subscription",
        "webhookeventtrigger",
    )
} | {"djstripe.webhookendpoint": Subject(NOBODY)}  # it holds a secret

DOCUMENTS = {
    "billing.document": Subject(CARE, change=BILLING),
    "billing.documentfailure": Subject(CARE, change=BILLING),
    "billing.vatcheck": Subject(CARE, change=BILLING),
    "billing.issuer": Subject(CARE),
    "billing.numberseries": Subject(CARE),
    "billing.taxrate": Subject(CARE),
}

LEDGER = {
    "billing.transaction": Subject(ALL),
    "billing.transfer": Subject(ALL),
    "billing.ledgeraccount": Subject(ALL),
    "billing.hourlymovement": Subject(ALL),
    "billing.ledgerday": Subject(ALL),
    "billing.grant": Subject(ALL),
    "billing.hold": Subject(ALL),
    "billing.ledgerverification": Subject(ALL, change=BILLING),
    "billing.auditexport": Subject(CARE, change=BILLING),
    "billing.signedday": Subject(CARE),
    "billing.chainhead": Subject(CARE),
    "billing.signingkey": Subject(NOBODY),
}

CALLS_AND_PRICES = {
    "usage.usageevent": Subject(ALL, change=BILLING),
    "usage.blockedcaller": Subject(ALL, change=BILLING, add=BILLING),
    "usage.rejectedevent": Subject(ALL),
    "usage.dailyusage": Subject(ALL),
    "usage.dailycomponent": Subject(ALL),
    "usage.chathour": Subject(ALL),
    "usage.ratecard": Subject(ALL, change=PRICING, add=PRICING),
    "usage.ratecardversion": Subject(ALL, change=PRICING, add=PRICING, delete=PRICING),
    "usage.rate": Subject(ALL, change=PRICING, add=PRICING, delete=PRICING),  # on the page of its version
    "usage.freerule": Subject(ALL, change=PRICING, add=PRICING, delete=PRICING),
    "usage.rerating": Subject(ALL, change=BILLING),
    "usage.reratedcall": Subject(ALL),
    "usage.chargerevision": Subject(ALL),
    "usage.whatifrun": Subject(ALL, change=PRICING),
    "usage.whatifaccount": Subject(ALL),
    "usage.idempotentrequest": Subject(SUPPORT),
}

SYSTEM = {
    "organizations.product": Subject(ALL),
    "organizations.service": Subject(ALL),
    "organizations.servicekey": Subject(NOBODY),
    "billing.productterms": Subject(ALL),
    "billing.topupterms": Subject(ALL),
    "billing.creditpack": Subject(ALL, change=PRICING, add=PRICING),
    "billing.plan": Subject(ALL, change=PRICING, add=PRICING),
    "billing.exchangerate": Subject(ALL, change=PRICING, add=PRICING),
    "notifications.sweeprun": Subject(ALL),
    "notifications.webhookendpoint": Subject(CARE),
    "auth.group": Subject(NOBODY),
    "django_celery_beat.periodictask": Subject(NOBODY),
    "django_celery_beat.intervalschedule": Subject(NOBODY),
    "django_celery_beat.crontabschedule": Subject(NOBODY),
    "django_celery_beat.clockedschedule": Subject(NOBODY),
    "django_celery_beat.solarschedule": Subject(NOBODY),
}

SUBJECTS: dict[str, Subject] = {
    **CUSTOMERS,
    **MONEY,
    **STRIPE,
    **DOCUMENTS,
    **LEDGER,
    **CALLS_AND_PRICES,
    **SYSTEM,
}

# Permissions beside view, change, add and delete, as they stand in a model's Meta.
OWN_PERMISSIONS: dict[str, Roles] = {
    "organizations.add_note": CARE,
    "organizations.view_as_customer": CARE,
    "billing.view_reports": FIGURES,
    "billing.export_lists": BILLING,
}

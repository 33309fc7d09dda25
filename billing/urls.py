"""The addresses of the customer's pages of money in and out."""

from django.urls import path

from billing.views.alert_addresses import (
    alert_address_add,
    alert_address_confirm,
    alert_address_remove,
    alert_address_resend,
)
from billing.views.audit_export import audit_export, audit_export_file
from billing.views.auto_top_up import auto_top_up, auto_top_up_retry
from billing.views.cards import cards_add, cards_default, cards_remove
from billing.views.coupons import coupons
from billing.views.document_files import document_pdf, documents_zip
from billing.views.documents import documents
from billing.views.incidents import incident_dismiss
from billing.views.invoices import invoice_pay
from billing.views.limits import limits
from billing.views.live import live
from billing.views.notifications import notifications
from billing.views.organizations import (
    organization_add,
    organization_default,
    organization_edit,
    organization_remove,
    organizations,
)
from billing.views.refund import refund
from billing.views.signing_keys import signing_key_file, signing_keys
from billing.views.subscription import (
    subscription,
    subscription_cancel,
    subscription_resume,
    subscription_start,
    subscription_status,
)
from billing.views.telegram import telegram_link, telegram_status, telegram_unlink
from billing.views.top_up import top_up
from billing.views.top_up_result import top_up_result, top_up_status
from billing.views.trial_message import trial_message
from billing.views.unsubscribe import unsubscribe

urlpatterns = [
    path("top-up/", top_up, name="top_up"),
    path("top-ups/<uuid:reference>/", top_up_result, name="top_up_result"),
    path("top-ups/<uuid:reference>/status/", top_up_status, name="top_up_status"),
    path("auto-top-up/", auto_top_up, name="auto_top_up"),
    path("auto-top-up/retry/", auto_top_up_retry, name="auto_top_up_retry"),
    path("cards/add/", cards_add, name="cards_add"),
    path("cards/<int:card_id>/default/", cards_default, name="cards_default"),
    path("cards/<int:card_id>/remove/", cards_remove, name="cards_remove"),
    path("refund/", refund, name="refund"),
    path("coupons/", coupons, name="coupons"),
    path("limits/", limits, name="limits"),
    path("notifications/", notifications, name="notifications"),
    path("notifications/test/", trial_message, name="trial_message"),
    path("notifications/telegram/", telegram_link, name="telegram_link"),
    path("notifications/telegram/status/", telegram_status, name="telegram_status"),
    path("notifications/telegram/unlink/", telegram_unlink, name="telegram_unlink"),
    path("notifications/addresses/", alert_address_add, name="alert_address_add"),
    path("notifications/addresses/<int:address_id>/resend/", alert_address_resend, name="alert_address_resend"),
    path("notifications/addresses/<int:address_id>/remove/", alert_address_remove, name="alert_address_remove"),
    path("alerts/<str:token>/", alert_address_confirm, name="alert_address_confirm"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("live/", live, name="live"),
    path("audit-export/", audit_export, name="audit_export"),
    path("audit-export/<uuid:reference>/<str:name>", audit_export_file, name="audit_export_file"),
    path("keys/", signing_keys, name="signing_keys"),
    path("keys/<str:fingerprint>.pem", signing_key_file, name="signing_key_file"),
    path("documents/", documents, name="documents"),
    path("documents/all.zip", documents_zip, name="documents_zip"),
    path("documents/<uuid:reference>.pdf", document_pdf, name="document_pdf"),
    path("invoices/<uuid:reference>/", invoice_pay, name="invoice_pay"),
    path("organizations/", organizations, name="organizations"),
    path("organizations/add/", organization_add, name="organization_add"),
    path("organizations/<int:organization_id>/", organization_edit, name="organization_edit"),
    path("organizations/<int:organization_id>/default/", organization_default, name="organization_default"),
    path("organizations/<int:organization_id>/remove/", organization_remove, name="organization_remove"),
    path("subscription/", subscription, name="subscription"),
    path("subscription/status/", subscription_status, name="subscription_status"),
    path("subscription/start/", subscription_start, name="subscription_start"),
    path("subscription/cancel/", subscription_cancel, name="subscription_cancel"),
    path("subscription/resume/", subscription_resume, name="subscription_resume"),
    path("incidents/<int:incident_id>/dismiss/", incident_dismiss, name="incident_dismiss"),
]

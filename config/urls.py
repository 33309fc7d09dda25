"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config.search import search

urlpatterns = [
    path("admin/search/", admin.site.admin_view(search)),  # before the site's own, which keeps what it found
    path("admin/", admin.site.urls),
    path("api/v1/", include("usage.api.urls")),
    path("accounts/", include("organizations.urls_sign_in")),
    path("billing/webhooks/stripe/", include("billing.providers.stripe.urls")),
    path("billing/webhooks/robokassa/", include("billing.urls_webhooks")),
    path("billing/webhooks/", include("notifications.urls")),
    path("billing/settings/", include("billing.urls_settings")),
    path("billing/", include("billing.urls")),
    path("billing/", include("organizations.urls")),
    path("billing/", include("usage.urls")),
    path("", RedirectView.as_view(pattern_name="overview")),
]

"""All settings, from the environment, with defaults that suit development.

DJANGO_ENV=production takes no default where one would be unsafe: `config.checks` refuses to start and says which
setting is missing or insecure. README.md lists every variable.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import environ
import moneyed
from django.core.exceptions import ImproperlyConfigured

from config import unfold
from config.embedded import data_dir, database_url

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = data_dir()

env = environ.Env()
env.smart_cast = False
environ.Env.read_env(BASE_DIR / ".env")

ENVIRONMENT = env("DJANGO_ENV", default="development")
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured(f"DJANGO_ENV is {ENVIRONMENT!r}; it is development or production.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.bool("DEBUG", default=not PRODUCTION)
SECRET_KEY = env("SECRET_KEY", default="" if PRODUCTION else "for development only, never for production, fifty chars")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Encrypts the keys that exports are signed with (billing.services.exports.signing).
SIGNING_PASSPHRASE = env(
    "SIGNING_PASSPHRASE", default="" if PRODUCTION else "for development only, never for production, fifty chars"
)
SITE_URL = env("SITE_URL", default="" if PRODUCTION else f"http://127.0.0.1:{env('PORT', default='8000')}")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "bootstrap",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "djmoney",
    "djstripe",
    "import_export",
    "pgtrigger",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_api_key",
    "organizations",
    "notifications",
    "billing",
    "usage",
    "config",
]

MIDDLEWARE = [
    "usage.api.lane.ServiceLane",
    "config.health.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "organizations.languages.ReadersLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "organizations.signing_in.LastSeen",
    "organizations.viewing.SupportViewing",
    "organizations.second_factor.StaffNeedTwoFactor",
    "organizations.history.middleware.WhoIsAtWork",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["organizations.templatetags.account_forms"],
        },
    }
]

# The database: in development the embedded server unless DATABASE_URL names another.
DATABASE_URL = env("DATABASE_URL", default="") or ("" if PRODUCTION else database_url())
if DATABASE_URL and not DATABASE_URL.startswith(("postgres://", "postgresql://")):
    raise ImproperlyConfigured("DATABASE_URL is no PostgreSQL: the ledger's guarantees are PostgreSQL's.")
DATABASES = {"default": env.db_url_config(DATABASE_URL) if DATABASE_URL else {}}
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DATABASES["default"]["CONN_MAX_AGE"] = None
# Django switches prepared statements off unless told otherwise; `organizations.database` counts on them, and on their
# being planned once: they look rows up by key whatever their parameters, so planning anew only costs time.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 1
DATABASES["default"]["OPTIONS"].setdefault("options", "-c plan_cache_mode=force_generic_plan")
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PGTRIGGER_MIGRATIONS = False  # `organizations.history.triggers` installs them after every migration

# Celery: a doorbell over rows in PostgreSQL. The default broker is a folder; any other by CELERY_BROKER_URL.
BROKER_DIR = DATA_DIR / "broker"
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem:"):
    for folder in ("messages", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
# Seconds between runs; `readyz` calls a sweep late after three times as long and a minute.
SWEEPS = {
    "expire_holds": 15,
    "expire_grants": 60,
    "reset_allotments": 60,
    "tell_of_calls": 60,
    "tell_of_expiry": 3600,
    "tell_of_spikes": 900,
    "tell_of_silence": 1800,
    "charge_chat_hours": 60,
    "send_deliveries": 30,
    "handle_provider_events": 15,
    "check_top_ups": 30,
    "attempt_auto_top_ups": 15,
    "check_refunds": 30,
    "lapse_approvals": 3600,
    "check_subscriptions": 60,
    "close_periods": 300,
    "check_invoices": 60,
    "reconcile_payments": 86400,
    "issue_documents": 60,
    "render_documents": 60,
    "issue_certificates": 21600,
    "prune_webhooks": 86400,
    "prune_sign_ins": 86400,
    "check_vat_numbers": 300,
    "make_exports": 60,
    "work_on_reratings": 30,
    "remove_exports": 3600,
    "run_what_ifs": 60,
    "sign_chain_heads": 21600,  # a day's are signed once; a day must not be missed
    "sum_up_ledger_days": 3600,  # a day's are kept once; what is not yet is read from the ledger itself
    "verify_ledger": 86400,
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": f"sweeps.{name}", "schedule": seconds, "options": {"expires": seconds}}
    for name, seconds in SWEEPS.items()
}

# Work that waits for payment providers has workers of its own: a slow provider keeps nothing else waiting.
ASKS_PROVIDERS = [
    "billing.*",
    "sweeps.handle_provider_events",
    "sweeps.check_top_ups",
    "sweeps.attempt_auto_top_ups",
    "sweeps.check_refunds",
    "sweeps.check_subscriptions",
    "sweeps.check_invoices",
    "sweeps.check_vat_numbers",
    "sweeps.reconcile_payments",
]
CELERY_TASK_ROUTES = {name: {"queue": "payments"} for name in ASKS_PROVIDERS}
# Documents ask nobody.
WRITES_DOCUMENTS = ["issue_receipt", "issue_proforma", "credit_refund", "render_document"]
CELERY_TASK_ROUTES |= {f"billing.{name}": {"queue": "celery"} for name in WRITES_DOCUMENTS}
# So has what waits for mail servers, Telegram and the services that listen to webhooks.
CELERY_TASK_ROUTES |= {name: {"queue": "messages"} for name in ("notifications.*", "sweeps.send_deliveries")}
# And so have exports, what-ifs and re-ratings, which take minutes: sweeps must not wait behind them.
CELERY_TASK_ROUTES |= {"billing.make_export": {"queue": "exports"}}
CELERY_TASK_ROUTES |= {"usage.run_what_if": {"queue": "exports"}}
CELERY_TASK_ROUTES |= {"usage.work_on_rerating": {"queue": "exports"}}

# Money
CURRENCIES = ("USD", "EUR", "GBP", "INR", "RUB", "CREDIT")
if "CREDIT" not in moneyed.CURRENCIES:
    moneyed.add_currency("CREDIT", None, sub_unit=1, name="Call credit")
CURRENCY_CODE_MAX_LENGTH = 6
DEFAULT_CURRENCY = None

# The stand-ins of payment providers and Telegram listen here.
STAND_IN_PORT = env.int("STAND_IN_PORT", default=env.int("PORT", default=8000) + 1)

# Stripe, through dj-stripe: without a key of one's own the stand-in answers, but never in production.
STRIPE_LIVE_MODE = env.bool("STRIPE_LIVE_MODE", default=False)
STRIPE_LIVE_SECRET_KEY = env("STRIPE_LIVE_SECRET_KEY", default="")
STRIPE_TEST_SECRET_KEY = env("STRIPE_TEST_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_VERSION = "2026-08-26.dahlia"
STRIPE_IS_STAND_IN = not (STRIPE_LIVE_SECRET_KEY or STRIPE_TEST_SECRET_KEY or PRODUCTION)
if STRIPE_IS_STAND_IN:
    STRIPE_LIVE_MODE, STRIPE_TEST_SECRET_KEY = False, "sk_test_" + "standin0" * 4
STRIPE_API_HOST = env("STRIPE_API_HOST", default=f"http://127.0.0.1:{STAND_IN_PORT}" if STRIPE_IS_STAND_IN else "")
if not STRIPE_API_HOST:
    del STRIPE_API_HOST  # Stripe's own
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
DJSTRIPE_SUBSCRIBER_MODEL = "organizations.Account"
MIGRATION_MODULES = {"djstripe": "billing.providers.stripe.migrations"}  # the same tables, made in a tenth of the time
SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]  # STRIPE_API_HOST in production: `config.checks` looks at it

# Robokassa: without a shop of one's own the stand-in answers, but never in production.
ROBOKASSA_LOGIN = env("ROBOKASSA_LOGIN", default="")
ROBOKASSA_IS_STAND_IN = not ROBOKASSA_LOGIN and not PRODUCTION
if ROBOKASSA_IS_STAND_IN:
    ROBOKASSA_LOGIN = "stand-in"
    ROBOKASSA_PASSWORD1, ROBOKASSA_PASSWORD2, ROBOKASSA_PASSWORD3 = "stand-in-1", "stand-in-2", "stand-in-3"
    ROBOKASSA_TEST = False  # a test payment cannot be looked up, nor refunded
    ROBOKASSA_BASE_URL = ROBOKASSA_SERVICES_URL = f"http://127.0.0.1:{STAND_IN_PORT}/robokassa"
else:
    ROBOKASSA_PASSWORD1 = env("ROBOKASSA_PASSWORD1", default="")
    ROBOKASSA_PASSWORD2 = env("ROBOKASSA_PASSWORD2", default="")
    ROBOKASSA_PASSWORD3 = env("ROBOKASSA_PASSWORD3", default="")  # for refunds
    ROBOKASSA_TEST = env.bool("ROBOKASSA_TEST", default=False)
    ROBOKASSA_BASE_URL = env("ROBOKASSA_BASE_URL", default="https://auth.robokassa.ru")
    ROBOKASSA_SERVICES_URL = env("ROBOKASSA_SERVICES_URL", default="https://services.robokassa.ru")
ROBOKASSA_HASH = env("ROBOKASSA_HASH", default="sha256")

# The European Union's register of VAT numbers. VAT_REGISTER is what asks it, a dotted path; empty: nobody is asked.
VAT_REGISTER = env("VAT_REGISTER", default="billing.providers.vies.ask")
VIES_URL = env("VIES_URL", default="https://ec.europa.eu/taxation_customs/vies/rest-api" if PRODUCTION else "")
VIES_IS_STAND_IN = not VIES_URL
if VIES_IS_STAND_IN:
    VIES_URL = f"http://127.0.0.1:{STAND_IN_PORT}/vies"

# Telegram: without a bot of one's own the stand-in answers; in production nobody is offered Telegram then.
TELEGRAM_BOT_TOKEN = env("TELEGRAM_BOT_TOKEN", default="")
TELEGRAM_IS_STAND_IN = not TELEGRAM_BOT_TOKEN and not PRODUCTION
if TELEGRAM_IS_STAND_IN:
    TELEGRAM_BOT_TOKEN, TELEGRAM_BOT_NAME = "1000000001:" + "standin" * 5, "StandInBot"
    TELEGRAM_WEBHOOK_SECRET = "stand-in"
    TELEGRAM_API_URL = f"http://127.0.0.1:{STAND_IN_PORT}/telegram"
    TELEGRAM_LINK_URL = f"{TELEGRAM_API_URL}/t.me"
else:
    TELEGRAM_BOT_NAME = env("TELEGRAM_BOT_NAME", default="")  # without @
    TELEGRAM_WEBHOOK_SECRET = env("TELEGRAM_WEBHOOK_SECRET", default="")  # what Telegram proves itself with
    TELEGRAM_API_URL = env("TELEGRAM_API_URL", default="https://api.telegram.org")
    TELEGRAM_LINK_URL = "https://t.me"

# Webhooks to services: whether they may go to this machine and private networks, and without TLS.
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", default=not PRODUCTION)

# Where a customer is sent to pay: forms of ours may lead there.
PAYMENT_PAGES = ["https://checkout.stripe.com", "{0.scheme}://{0.netloc}".format(urlsplit(ROBOKASSA_BASE_URL))]
if "STRIPE_API_HOST" in globals():
    PAYMENT_PAGES.append(STRIPE_API_HOST)  # a server that plays Stripe has its pages, too

# People
AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_ADAPTER = "organizations.adapter.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of changed passwords and second factors
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Seconds for which a sign-in is recent enough for what moves money or decides who may do what.
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("RECENT_SIGN_IN_SECONDS", default=600)
MFA_ADAPTER = "organizations.two_factor.TwoFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TRUST_ENABLED = False  # every sign-in asks for the code
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation's link has proved the address
# Whether staff reach the admin only with a second factor.
STAFF_NEEDS_TWO_FACTOR = env.bool("STAFF_NEEDS_TWO_FACTOR", default=PRODUCTION)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/billing/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SIGN_INS_KEPT_DAYS = env.int("SIGN_INS_KEPT_DAYS", default=400)

# Mail: files in DATA_DIR unless EMAIL_URL names a server.
EMAIL = env.email_url_config(env("EMAIL_URL", default=f"filemail://{DATA_DIR / 'mail'}"))
vars().update(EMAIL)
if EMAIL["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=10)  # seconds that one answer of the mail server may take
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Billing <billing@localhost>")
REPLY_TO_EMAIL = env("REPLY_TO_EMAIL", default="")

# Languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("hi", "हिंदी")]  # each but the first has its catalogue
LOCALE_PATHS = [DATA_DIR / "locale"]  # compiled there from config/locale by every process that starts
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"

# Shared by all processes, so that guesses of passwords and codes are counted together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "exports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env("EXPORTS_DIR", default=str(DATA_DIR / "exports")),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# Transport and browser security
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # sign-in attempts are counted by the address that the proxy saw
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/admin/",),
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'", *PAYMENT_PAGES],
    },
}
X_FRAME_OPTIONS = "DENY"

# The customer pages: between two looks whether anything moved.
LIVE_MILLISECONDS = env.int("LIVE_MILLISECONDS", default=5000)

# The REST API
API_BODY_BYTES_MAX = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = API_BODY_BYTES_MAX
API_REQUESTS_PER_SECOND = env.int("API_REQUESTS_PER_SECOND", default=2000)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["usage.api.auth.ServiceKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["usage.api.auth.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["usage.api.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["usage.api.throttle.ServiceThrottle"],
    "EXCEPTION_HANDLER": "usage.api.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Billing API for telephony services",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",  # which has webhooks
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "usage.api.openapi.add_hot_endpoints",
        "usage.api.webhook_schema.add_webhooks",
    ],
}

UNFOLD = unfold.UNFOLD

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Django's own handlers would say each of its lines again.
    "loggers": {"httpx": {"level": "WARNING"}, "stripe": {"level": "WARNING"}, "django": {"handlers": []}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}

"""Texts of Django and allauth that customers meet and that the libraries have not in all of our languages."""

# Of the pages to sign in by: `allauth.account` and `allauth.mfa`.
SIGNING_IN: list[str | tuple[str, str]] = [
    "Authenticator code",
    "Be patient, you are sending too many requests.",
    "Code",
    "Current Password",
    "Email",
    "Email address",
    "Forgot your password?",
    "Incorrect code.",
    "Incorrect password.",
    "Invalid login.",
    "Invalid or expired key.",
    "New Password",
    "New Password (again)",
    "Password",
    "Please type your current password.",
    "Remember Me",
    "The email address and/or password you specified are not correct.",
    "The email address is not assigned to any user account.",
    "The password reset token was invalid.",
    "This account is currently inactive.",
    "Too many failed login attempts. Try again later.",
    "You cannot activate two-factor authentication until you have verified your email address.",
    "You cannot deactivate two-factor authentication.",
    "You cannot generate recovery codes without having two-factor authentication enabled.",
    "You must type the same password each time.",
]
# Of a password that is too weak: `django.contrib.auth.password_validation`.
WEAK_PASSWORDS: list[str | tuple[str, str]] = [
    "The password is too similar to the %(verbose_name)s.",
    "This password is entirely numeric.",
    "This password is too common.",
    (
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
]
# Of any field: `django.core.validators`.
FIELDS: list[str | tuple[str, str]] = [
    "Null characters are not allowed.",
    (
        "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
    ),
]
LIBRARY_TEXTS = [*SIGNING_IN, *WEAK_PASSWORDS, *FIELDS]

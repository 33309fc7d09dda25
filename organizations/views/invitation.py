"""The page that an invitation's link opens."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from organizations.models import Invitation, Role, User
from organizations.services import joining
from organizations.services.members import ROLE_WORDS
from organizations.tenancy import SESSION_KEY

LOGIN_BACKEND = "django.contrib.auth.backends.ModelBackend"


class JoinForm(forms.Form):
    """Name and password of somebody new."""

    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        help_text=_("8 characters or more, not only digits."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@never_cache
@sensitive_post_parameters("password")
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: as somebody new with a name and a password, or as who is signed in."""
    try:
        invitation = joining.find_invitation(token)
        if request.user.is_authenticated:
            return _join_signed_in(request, token, invitation)
        known = joining.invited_user(invitation)
        if known is not None and joining.must_sign_in(known):
            query = urlencode({"next": request.path})
            return _page(request, invitation, state="sign_in", sign_in=f"{reverse('account_login')}?{query}")
        return _join_new(request, token, invitation)
    except joining.InvitationUnusable as unusable:
        return render(request, "organizations/invitation_unusable.html", {"reason": str(unusable)}, status=404)


def _join_signed_in(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    user = cast(User, request.user)
    if user.email.lower() != invitation.email.lower():
        return _page(request, invitation, state="other_user")
    if request.method != "POST":
        return _page(request, invitation, state="confirm")
    account = joining.join_as_existing_user(token=token, user=user)
    request.session[SESSION_KEY] = account.pk
    return redirect(settings.LOGIN_REDIRECT_URL)


def _join_new(request: HttpRequest, token: str, invitation: Invitation) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user, account = joining.join_as_new_user(token=token, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("password", error)
        else:
            login(request, user, backend=LOGIN_BACKEND)
            request.session[SESSION_KEY] = account.pk
            return redirect(settings.LOGIN_REDIRECT_URL)
    return _page(request, invitation, state="new", form=form)


def _page(request: HttpRequest, invitation: Invitation, *, state: str, **context: object) -> HttpResponse:
    product = invitation.account.product
    return render(
        request,
        "organizations/invitation.html",
        {
            "invitation": invitation,
            "may": ROLE_WORDS[Role(invitation.role)],
            "product": product,
            "accent": product.accent,
            "state": state,
            **context,
        },
    )

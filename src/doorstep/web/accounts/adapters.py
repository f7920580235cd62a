"""Where django-allauth asks us: how secrets of second factors are kept, and whom another identity provider names."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import render

from doorstep.web.accounts import entering, factors
from doorstep.web.accounts.models import Account


class Factors(DefaultMFAAdapter):
    """Secrets are encrypted under a key that does not lie in the same database."""

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode("ascii")).decode()

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        return {"id": str(user.pk).encode("ascii"), "display_name": user.username, "name": user.username}


class Elsewhere(DefaultSocialAccountAdapter):
    """Another identity provider names somebody who has an account here already; it never makes one."""

    def pre_social_login(self, request: Any, sociallogin: Any) -> None:
        provider = sociallogin.account.provider
        account = Account.objects.filter(external=f"{provider}:{sociallogin.account.uid}", is_active=True).first()
        if account is None:
            entering.note(request, "sign-in", outcome=403, query=f"provider={provider}")
            raise ImmediateHttpResponse(_refused(request, "accounts.nobody-by-that-name"))
        wanted = sociallogin.get_redirect_url(request) or ""
        trusted = bool(sociallogin.provider.app.settings.get("second_factor"))
        if factors.kinds(account) and not trusted:
            entering.wait_for_factor(request, account, wanted)
            raise ImmediateHttpResponse(HttpResponseRedirect("/sign-in/factor/"))
        if not entering.begin(request, account, factor=f"provider:{provider}" if trusted else ""):
            raise ImmediateHttpResponse(_refused(request, "accounts.nobody-by-that-name"))
        raise ImmediateHttpResponse(HttpResponseRedirect(entering.after(request, wanted)))

    def is_open_for_signup(self, request: Any, sociallogin: Any) -> bool:
        return False

    def on_authentication_error(
        self, request: Any, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        entering.note(request, "sign-in", outcome=403, query=f"provider={provider.app.provider_id} error={error}")
        raise ImmediateHttpResponse(_refused(request, "accounts.provider-failed"))


def _refused(request: Any, key: str) -> Any:
    return render(request, "accounts/elsewhere.html", {"key": key}, status=403)


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(sha256(b"second factors" + settings.SECRET_KEY.encode()).digest()))

"""Second factors: one-time codes of an authenticator (RFC 6238), security keys (WebAuthn), recovery codes on paper.

The algorithms and what is kept are django-allauth's; the pages are ours.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction

TOTP: Final = Authenticator.Type.TOTP
KEY: Final = Authenticator.Type.WEBAUTHN
CODES: Final = Authenticator.Type.RECOVERY_CODES
_USED: Final = "used"


def kinds(account: Any) -> set[str]:
    """What an account can show beside its password; recovery codes alone are none."""
    found = set(Authenticator.objects.filter(user=account).values_list("type", flat=True))
    return found if found - {CODES} else set()


def listed(account: Any) -> list[dict[str, Any]]:
    """What the owner sees of their factors."""
    return [
        {"id": each.pk, "type": each.type, "name": each.data.get("name", ""), "made": each.created_at,
         "used": each.last_used_at}
        for each in Authenticator.objects.filter(user=account).exclude(type=CODES).order_by("created_at")
    ]  # fmt: skip


def check_code(account: Any, code: str) -> str:
    """Which factor a typed code is: "totp", "recovery", or "" for a wrong or used one."""
    code = code.replace(" ", "").replace("-", "")
    with transaction.atomic():
        for kept in Authenticator.objects.select_for_update().filter(user=account, type__in=[TOTP, CODES]):
            right = _totp_holds(kept, code) if kept.type == TOTP else kept.wrap().validate_code(code)
            if right:
                kept.refresh_from_db(fields=["data"])
                kept.record_usage()
                return "totp" if kept.type == TOTP else "recovery"
    return ""


def _totp_holds(kept: Any, code: str) -> bool:
    """A code is good once, in whatever process it arrives: the last counter is kept beside the secret."""
    secret = decrypt(kept.data["secret"])
    for counter in totp.yield_hotp_counters_from_time():
        expected = totp.format_hotp_value(totp.hotp_value(secret, counter))
        if counter > kept.data.get(_USED, 0) and compare_user_code(actual=code, expected=expected):
            kept.data[_USED] = counter
            kept.save(update_fields=["data"])
            return True
    return False


def new_totp(request: Any, account: Any) -> dict[str, str]:
    """What a page shows to somebody who sets up an authenticator: the secret, also as a picture to be scanned."""
    secret = totp.get_totp_secret()
    adapter = get_adapter()
    picture = adapter.build_totp_svg(adapter.build_totp_url(account, secret))
    coded = base64.b64encode(picture.encode()).decode("ascii")
    return {"secret": secret, "picture": f"data:image/svg+xml;base64,{coded}"}


def add_totp(request: Any, account: Any, code: str) -> bool:
    """Keep the authenticator once it has shown a right code."""
    secret = totp.get_totp_secret()
    if not totp.validate_totp_code(secret, code.replace(" ", "")):
        return False
    with transaction.atomic():
        Authenticator.objects.filter(user=account, type=TOTP).delete()
        totp.TOTP.activate(account, secret)
    totp.clear_totp_secret(request)
    return True


def new_key(account: Any) -> str:
    """The options with which a browser makes a key (JSON)."""
    return json.dumps(webauthn.begin_registration(account, False))


def add_key(account: Any, name: str, credential: str) -> bool:
    """Keep a key that the browser made."""
    try:
        parsed = json.loads(credential)
        webauthn.parse_registration_response(parsed)
        webauthn.complete_registration(parsed)
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
        return False
    webauthn.WebAuthn.add(account, name.strip()[:60], parsed)
    return True


def ask_key(account: Any) -> str:
    """The options with which a browser signs (JSON); "" when the account has no key."""
    if KEY not in kinds(account):
        return ""
    return json.dumps(webauthn.begin_authentication(account))


def check_key(account: Any, credential: str) -> bool:
    """Whether a key of this account signed what was asked just now."""
    try:
        parsed = json.loads(credential)
        webauthn.parse_authentication_response(parsed)
        kept = webauthn.complete_authentication(account, parsed)
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
        return False
    kept.record_usage()
    return True


def codes_left(account: Any) -> int:
    """How many recovery codes are not used yet."""
    kept = Authenticator.objects.filter(user=account, type=CODES).first()
    return len(kept.wrap().get_unused_codes()) if kept else 0


def new_codes(account: Any) -> list[str]:
    """Fresh recovery codes; the old ones end."""
    with transaction.atomic():
        Authenticator.objects.filter(user=account, type=CODES).delete()
        return RecoveryCodes.activate(account).get_unused_codes()


def remove(account: Any, id: int) -> bool:
    """Take one factor away; recovery codes go with the last."""
    with transaction.atomic():
        done = Authenticator.objects.filter(user=account, pk=id).exclude(type=CODES).delete()[0]
        if not kinds(account):
            reset(account)
    return bool(done)


def reset(account: Any) -> int:
    """Take all factors away: for somebody who has lost them."""
    return int(Authenticator.objects.filter(user=account).delete()[0])

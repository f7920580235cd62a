"""What this record says of itself to apps: SMART App Launch 2.2 (conformance) and OpenID Connect Discovery 1.0.

The FHIR interface and the pages both publish it; the addresses are those of the pages.
"""

from __future__ import annotations

from typing import Any, Final

AUTHORIZE: Final = "/smart/authorize/"
TOKEN: Final = "/smart/token/"  # noqa: S105 - an address
INTROSPECT: Final = "/smart/introspect/"
REVOKE: Final = "/smart/revoke/"
USERINFO: Final = "/smart/userinfo/"
KEYS: Final = "/.well-known/jwks.json"
STYLE: Final = "/smart/style.json"
MANAGE: Final = "/me/apps/"

METHODS: Final = ("client_secret_basic", "private_key_jwt")
ASSERTION_ALGORITHMS: Final = ("RS384", "ES384")
CAPABILITIES: Final = (
    "launch-ehr", "launch-standalone", "client-public", "client-confidential-symmetric",
    "client-confidential-asymmetric", "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient",
    "context-standalone-encounter", "context-banner", "context-style", "sso-openid-connect", "permission-offline",
    "permission-online", "permission-patient", "permission-user", "permission-v1", "permission-v2",
)  # fmt: skip
NAMED_SCOPES: Final = (
    "openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access",
)  # fmt: skip
SCOPES: Final = (*NAMED_SCOPES, "patient/*.cruds", "user/*.cruds", "system/*.cruds")


def configuration(origin: str) -> dict[str, Any]:
    """``/.well-known/smart-configuration``."""
    return {
        "issuer": origin,
        "jwks_uri": origin + KEYS,
        "authorization_endpoint": origin + AUTHORIZE,
        "token_endpoint": origin + TOKEN,
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "management_endpoint": origin + MANAGE,
        "introspection_endpoint": origin + INTROSPECT,
        "revocation_endpoint": origin + REVOKE,
        "userinfo_endpoint": origin + USERINFO,
        "code_challenge_methods_supported": ["S256"],
        "capabilities": list(CAPABILITIES),
    }


def openid(origin: str) -> dict[str, Any]:
    """``/.well-known/openid-configuration``."""
    shared = configuration(origin)
    shared.pop("capabilities")
    shared.pop("management_endpoint")
    return {
        **shared,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser", "name"],
        "authorization_response_iss_parameter_supported": True,
    }

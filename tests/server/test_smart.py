"""Given a running server, when an app that others' library drives connects, then the whole standalone launch works."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from doorstep.kernel import store as stores
from tests.district import DOCTOR, opened, put_district, who
from tests.server.running import serving

PASSWORD = "correct horse 电池"
CALLBACK = "http://127.0.0.1:9/callback"
SCOPE = "openid fhirUser profile launch/patient offline_access patient/*.rs"


def test_given_authlib_when_it_launches_alone_then_it_reads_the_record_refreshes_and_is_revoked(tmp_path: Path) -> None:
    client_id = _prepare(tmp_path)
    with serving(tmp_path) as server:
        known = httpx.get(f"{server.base}/fhir/.well-known/smart-configuration").json()
        openid = httpx.get(f"{known['issuer']}/.well-known/openid-configuration").json()
        app = OAuth2Client(client_id, scope=SCOPE, redirect_uri=CALLBACK, code_challenge_method="S256", token_endpoint_auth_method="none")
        verifier = "v" * 64
        address, state = app.create_authorization_url(known["authorization_endpoint"], code_verifier=verifier, aud=f"{server.base}/fhir", nonce="n1")
        back = _person(server.base, address)
        assert parse_qs(urlsplit(back).query)["state"] == [state]
        token = app.fetch_token(known["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state)
        assert token["patient"] == who().id

        claims = jwt.decode(token["id_token"], KeySet.import_key_set(httpx.get(openid["jwks_uri"]).json())).claims
        jwt.JWTClaimsRegistry(iss={"essential": True, "value": openid["issuer"]}, aud={"essential": True, "value": client_id}).validate(claims)
        assert (claims["nonce"], claims["fhirUser"]) == ("n1", f"{server.base}/fhir/{DOCTOR.person}")

        read = app.get(f"{server.base}/fhir/Patient/{token['patient']}")
        assert (read.status_code, read.json()["id"]) == (200, who().id)
        assert app.get(f"{server.base}/fhir/Observation?patient={token['patient']}&_count=1").status_code == 200
        assert app.get(f"{server.base}/fhir/Patient/{who(1).id}").status_code == 404
        assert app.post(f"{server.base}/fhir/Observation", json={"resourceType": "Observation"},
                        headers={"Content-Type": "application/fhir+json"}).status_code == 403

        before = dict(token)
        renewed = app.refresh_token(known["token_endpoint"], refresh_token=token["refresh_token"])
        assert renewed["refresh_token"] != before["refresh_token"]
        assert app.get(f"{server.base}/fhir/Patient/{who().id}").status_code == 200
        assert app.revoke_token(known["revocation_endpoint"], token=renewed["access_token"]).status_code == 200
        gone = httpx.get(f"{server.base}/fhir/Patient/{who().id}", headers={"Authorization": f"Bearer {renewed['access_token']}"})
        assert gone.status_code == 401


def _prepare(folder: Path) -> str:
    """A district, the doctor's account, and the app's registration."""
    store = stores.open(f"sqlite:///{folder}")
    put_district(store, 2)
    opened(store)
    store.close()
    from doorstep.web.wsgi import prepare

    prepare(folder)
    from django.db import connections

    from doorstep.web.accounts.models import Account
    from tests.web.vendor import register

    Account.objects.make("zhangmin", PASSWORD, DOCTOR.person)
    app = register(redirect_uris=CALLBACK, ceiling=SCOPE)
    connections.close_all()
    return str(app.client_id)


def _person(base: str, address: str) -> str:
    """What a person does in a browser: signs in, finds the resident, agrees; where they are sent."""
    with httpx.Client(base_url=base, follow_redirects=True) as browser:
        page = browser.get(address)
        page = _submit(browser, page, "/sign-in/", username="zhangmin", password=PASSWORD)
        page = _submit(browser, page, "/smart/authorize/", number=who().number)
        page = _submit(browser, page, "/smart/authorize/")
        answer = _submit(browser, page, "/smart/authorize/", follow=False, decision="allow")
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])


def _submit(browser: httpx.Client, page: httpx.Response, to: str, *, follow: bool = True, **typed: str) -> httpx.Response:
    """Fill in the last form of a page that leads there."""
    assert page.status_code == 200, page.text
    forms = [part for part in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if f'action="{to}' in part.split(">")[0]]
    action = re.search(r'action="([^"]*)"', forms[-1])
    assert action
    given: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", forms[-1]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and ("hidden" in tag or "checked" in tag):
            given.setdefault(name[1], []).append(unescape(value[1]))
    target = urljoin(str(page.url), unescape(action[1]))
    return browser.post(target, data={**given, **typed}, headers={"Referer": str(page.url)}, follow_redirects=follow)

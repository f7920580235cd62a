"""As much of a browser as the walk needs: cookies, pages, forms and what stands in them."""

from __future__ import annotations

import secrets
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar


@dataclass(slots=True)
class Form:
    """A form as it would be sent if nothing were typed: (name, value) in order, boxes that are not ticked left out."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Page:
    """What came back. ``address`` is where redirects ended."""

    status: int
    address: str
    text: str

    def forms(self) -> list[Form]:
        reader = _Forms()
        reader.feed(self.text)
        return reader.found

    def form(self, action: str) -> Form:
        """The form that goes to an address, or to one that ends so; LookupError when the page has none."""
        for form in self.forms():
            if form.action.endswith(action):
                return form
        raise LookupError(action)


class Browser:
    """One person at one screen."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._jar = CookieJar()
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar)).open

    def get(self, path: str) -> Page:
        return self._send(urllib.request.Request(self._base + path, headers={"Accept-Language": "zh-CN"}))

    def cookies(self) -> dict[str, str]:
        """What the server has left here, by name."""
        return {cookie.name: cookie.value or "" for cookie in self._jar}

    def submit(self, page: Page, action: str, values: dict[str, str | list[str]]) -> Page:
        """Fill in a form of a page and send it."""
        form = page.form(action)
        pairs = [(name, value) for name, value in form.fields if name not in values]
        for name, value in values.items():
            pairs += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        data = urllib.parse.urlencode(pairs)
        address = urllib.parse.urljoin(page.address, form.action)
        if form.method == "get":
            return self._send(urllib.request.Request(f"{address}?{data}"))
        return self._send(urllib.request.Request(address, data.encode(), method="POST"))

    def upload(self, page: Page, action: str, name: str, content: bytes) -> Page:
        """Choose a file in a form of a page and send it."""
        form, mark = page.form(action), f"----{secrets.token_hex(16)}"
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{each}"\r\n\r\n{value}\r\n'.encode()
                 for each, value in form.fields if each != name]  # fmt: skip
        parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="file"\r\n'
                     "Content-Type: application/octet-stream\r\n\r\n".encode())  # fmt: skip
        data = b"".join([*parts, content, f"\r\n--{mark}--\r\n".encode()])
        address = urllib.parse.urljoin(page.address, form.action)
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return self._send(urllib.request.Request(address, data, headers, method="POST"))

    def post_as(self, page: Page, path: str, values: dict[str, str]) -> Page:
        """What a person with a crafted request would send: any address, with the page's own token."""
        token = next(value for form in page.forms() for name, value in form.fields if name == "csrfmiddlewaretoken")
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **values})
        return self._send(urllib.request.Request(self._base + path, data.encode(), method="POST"))

    def _send(self, request: urllib.request.Request) -> Page:
        try:
            with self._open(request, timeout=30) as answer:
                return Page(answer.status, answer.url, answer.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Page(refused.code, refused.url, refused.read().decode())


class _Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif not self.found:
            return
        elif tag == "input" and given.get("name"):
            self._input(given)
        elif tag == "textarea":
            self._area = given.get("name", "")
            self.found[-1].fields.append((self._area, ""))
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select:
            self._option(given)

    def handle_data(self, data: str) -> None:
        if self._area:
            name, text = self.found[-1].fields.pop()
            self.found[-1].fields.append((name, text + data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""

    def _input(self, given: dict[str, str]) -> None:
        if given.get("type") in ("checkbox", "radio") and "checked" not in given:
            return
        self.found[-1].fields.append((given["name"], given.get("value", "")))

    def _option(self, given: dict[str, str]) -> None:
        """A list of choices sends its first, or the one that is marked."""
        fields = self.found[-1].fields
        there = [place for place, (name, _) in enumerate(fields) if name == self._select]
        if not there:
            fields.append((self._select, given.get("value", "")))
        elif "selected" in given:
            fields[there[0]] = (self._select, given.get("value", ""))

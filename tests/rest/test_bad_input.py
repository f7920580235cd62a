"""Bad input: a named refusal in bounded time and memory, never a 500."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib
from typing import Any

import pytest

from doorstep.kernel.definitions import definitions
from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from doorstep.rest.service import Limits
from tests.rest.client import Client, environ
from tests.rest.conftest import patient

DEEP = 10_000


def count(client: Client) -> int:
    return int(client.get("Patient?_summary=count").json["total"])


BODIES: list[tuple[str, bytes, int, str]] = [
    ("objects nested 10,000 deep", b'{"a":' * DEEP + b"1" + b"}" * DEEP, 400, "exact.too-deep"),
    ("arrays nested 10,000 deep", b'{"resourceType":"Patient","name":' + b"[" * DEEP + b"]" * DEEP + b"}", 400, "exact.too-deep"),
    ("never closed", b"[" * DEEP, 400, "exact."),
    ("one member twice", b'{"resourceType":"Patient","active":true,"active":false}', 400, "exact.duplicate-member"),
    ("one member twice, inside", b'{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}', 400, "exact.duplicate-member"),
    ("NaN", b'{"resourceType":"Observation","valueQuantity":{"value":NaN}}', 400, "exact.not-json"),
    ("Infinity", b'{"resourceType":"Observation","valueQuantity":{"value":-Infinity}}', 400, "exact.not-json"),
    ("a lone surrogate", b'{"resourceType":"Patient","name":[{"family":"\\ud842"}]}', 400, "exact."),
    ("surrogates the wrong way round", b'{"resourceType":"Patient","name":[{"family":"\\udfb7\\ud842"}]}', 400, "exact."),
    ("a surrogate in UTF-8", b'{"resourceType":"Patient","name":[{"family":"\xed\xa1\x82"}]}', 400, "exact."),
    ("U+0000", b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}', 400, "exact.nul"),
    ("a bare zero byte", b'{"resourceType":"Patient","name":[{"family":"a\x00b"}]}', 400, "exact."),
    ("GB18030", '{"resourceType":"Patient","name":[{"family":"张"}]}'.encode("gb18030"), 400, "exact."),
    ("UTF-16", '{"resourceType":"Patient"}'.encode("utf-16"), 400, "exact."),
    ("overlong UTF-8", b'{"resourceType":"Patient","name":[{"family":"\xc0\xaf"}]}', 400, "exact."),
    ("two documents", b'{"resourceType":"Patient"}{"resourceType":"Patient"}', 400, "exact.not-json"),
    ("a comma too many", b'{"resourceType":"Patient",}', 400, "exact.not-json"),
    ("a number of 400 digits", b'{"resourceType":"Patient","multipleBirthInteger":1' + b"0" * 400 + b"}", 422, "validate."),
    ("10^400", b'{"resourceType":"Patient","multipleBirthInteger":1e400}', 422, "validate."),
    ("a number of 10,000 digits", b'{"resourceType":"Patient","multipleBirthInteger":1' + b"0" * 10_000 + b"}", 400, "exact."),
    ("a string for a list", b'{"resourceType":"Patient","name":"x"}', 422, "validate."),
    ("a list for a string", b'{"resourceType":"Patient","birthDate":["1960"]}', 422, "validate."),
    ("a number for an object", b'{"resourceType":"Patient","meta":7}', 422, "validate."),
    ("null for an element", b'{"resourceType":"Patient","active":null}', 422, "validate."),
    ("a string for a boolean", b'{"resourceType":"Patient","active":"true"}', 422, "validate."),
    ("an unknown element", b'{"resourceType":"Patient","wings":2}', 422, "validate."),
    ("an unknown type", b'{"resourceType":"Planet"}', 400, "rest.other-type"),
    ("xml", b"<Patient xmlns='http://hl7.org/fhir'/>", 400, "exact.not-json"),
    ("nothing but blanks", b"   ", 400, "exact.not-json"),
    ("true", b"true", 400, "rest.not-an-object"),
    ("a type that is a list", b'{"resourceType":["Patient"]}', 400, "rest.no-resource-type"),
    ("an id that is an object", b'{"resourceType":"Patient","id":{}}', 422, "validate."),
    ("a script in the narrative", b'{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><script>x</script></div>"}}', 422, "validate."),
    ("contained in contained, 60 deep", b'{"resourceType":"Patient","contained":[' * 30 + b"]}" * 30, 422, "validate."),
]


@pytest.mark.parametrize(("name", "body", "status", "key"), BODIES, ids=[row[0] for row in BODIES])
def test_given_a_bad_body_when_posted_then_a_named_refusal(shared: Client, name: str, body: bytes, status: int, key: str) -> None:
    before = count(shared)
    answer = shared.post("Patient", body)
    assert (answer.status, answer.key[: len(key)]) == (status, key)
    assert count(shared) == before


@pytest.mark.parametrize(("name", "body", "status", "key"), BODIES, ids=[row[0] for row in BODIES])
def test_given_a_bad_body_when_put_into_a_transaction_then_a_named_refusal(
    shared: Client, name: str, body: bytes, status: int, key: str
) -> None:
    bundle = b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Patient"},"resource":%s}]}' % body
    before = count(shared)
    answer = shared.post("", bundle)
    assert 400 <= answer.status < 500
    assert count(shared) == before


GOOD = ["𠮷", "䶮", "阿依古丽·买买提", "\u202eabc\u202c", "é", "e\u0301", "a\u200bb", "\U0001f600", '"\\/', "%", "_", "x" * 5000, "\ufeffa"]


@pytest.mark.parametrize("name", GOOD)
def test_given_a_rare_but_good_name_when_posted_then_it_comes_back(shared: Client, name: str) -> None:
    made = shared.post("Patient", patient(name=[{"text": name}]))
    assert made.status == 201
    assert shared.get(f"Patient/{made.json['id']}").json["name"][0]["text"] == name


class Endless(io.RawIOBase):
    """A body that does not end; counts what was taken from it."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "a body must be read in pieces"
        self.taken += size
        return b" " * size


def asked(body: Any, token: str, **headers: str) -> dict[str, Any]:
    made = environ("POST", "/fhir/Patient", b"", {"authorization": f"Bearer {token}", **headers})
    made["wsgi.input"] = body
    return made


def test_given_100_mb_announced_when_posted_then_refused_before_a_byte_is_read(shared: Client) -> None:
    body = Endless()
    answer = shared.send(asked(body, shared.token, content_length=str(100 * 1024 * 1024)))
    assert (answer.status, answer.key, body.taken) == (413, "rest.body-too-large", 0)


def test_given_an_endless_body_when_posted_then_reading_stops_at_the_limit(store: Store, token: str) -> None:
    client, body = Client(make_app(store, limits=Limits(body=1_000_000)), token), Endless()
    made = asked(body, token)
    del made["CONTENT_LENGTH"]
    made["wsgi.input_terminated"] = True
    answer = client.send(made)
    assert (answer.status, answer.key) == (413, "rest.body-too-large")
    assert body.taken <= 1_000_001


def test_given_a_gzip_bomb_when_posted_then_it_is_not_inflated(shared: Client) -> None:
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(b" " * 1_000_000) for _ in range(300)) + squeeze.flush()
    tracemalloc.start()
    answer = shared.post("Patient", bomb, content_encoding="gzip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status, answer.key) == (413, "rest.body-too-large")
    assert peak < 64 * 1024 * 1024
    assert shared.post("Patient", gzip.compress(gzip.compress(b"{}")), content_encoding="gzip").status == 400


def test_given_millions_of_values_when_posted_then_they_are_counted_before_they_are_made(shared: Client) -> None:
    for piece in (b"{},", b"[],", b'"ab",'):
        body = b'{"resourceType":"Patient","name":[' + piece * (15_000_000 // len(piece)) + b"1]}"
        tracemalloc.start()
        answer = shared.post("Patient", body)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (answer.status, answer.key) == (413, "rest.too-many-values")
        assert peak < 200 * 1024 * 1024


@pytest.mark.parametrize(("length", "key"), [("x", "rest.bad-content-length"), ("-1", "rest.bad-content-length"), ("１", "rest.bad-content-length"),
                                             ("9" * 40, "rest.body-too-large"), ("500", "rest.body-cut-off")])
def test_given_a_false_length_when_posted_then_it_is_refused(shared: Client, length: str, key: str) -> None:
    assert shared.post("Patient", patient(), content_length=length).key == key


URLS: list[tuple[str, int, str]] = [
    ("Patient?name=" + "x" * 9000, 400, "rest.url-too-long"),
    ("Patient/" + "x" * 9000, 400, "rest.url-too-long"),
    ("Patient?name=%", 400, "rest.bad-percent"), ("Patient?name=%zz", 400, "rest.bad-percent"), ("Patient?na%me=x", 400, "rest.bad-percent"),
    ("Patient?name=%FF%FE", 400, "rest.query-not-utf8"), ("Patient?name=%C0%AF", 400, "rest.query-not-utf8"),
    ("Patient?name=%ED%A1%82", 400, "rest.query-not-utf8"), ("Patient?name=%00", 400, "rest.query-nul"),
    ("%00", (400, 404), ""), ("Patient/%00%01", (400, 404), ""), ("Pat%1Fient?name=x", (400, 404), ""),
    ("Patient?" + "&".join("name=x" for _ in range(201)), 400, "rest.too-many-parameters"),
    ("Patient?_id=" + ",".join(f"p{n}" for n in range(1001)), 400, "search.too-many-values"),
    ("Patient?" + "link." * 20 + "name=x", 400, "search."),
    ("Observation?" + "_has:Observation:derived-from:" * 20 + "code=x", 400, "search."),
    ("Patient?birthdate=2020-13-45", 400, "search."), ("Patient?birthdate=zz", 400, "search."), ("Patient?_sort=wings", 400, "search."),
    ("Observation?value-quantity=abc", 400, "search."), ("Observation?value-quantity=1e999999999", (200, 400), ""),
    ("Patient?_include=*", (200, 400), ""), ("Patient?_include=wings", 400, "search."), ("Patient?_count=1e9", 400, "search."),
    ("Patient?" + "&".join("name=x" for _ in range(41)), 400, "search.too-many-criteria"),
    ("Patient?_lastUpdated=gt" + "9" * 500, 400, "search."),
    ("Patient?:exact=x", 400, "search."), ("Patient?name:=x", (200, 400), ""), ("Patient?=x", 400, ""), ("Patient?.=x", 400, ""),
    ("Patient?name:exact:exact=x", 400, ""), ("Patient?_elements=" + "a," * 500, 400, ""), ("Patient?_total=none&_total=accurate", 400, ""),
    ("Patient?_type=Observation", 400, ""), ("Patient?_filter=name eq x", 400, ""), ("Patient?_query=x", 400, ""),
]


@pytest.mark.parametrize(("target", "status", "key"), URLS, ids=[row[0][:40] for row in URLS])
def test_given_a_bad_address_when_asked_then_a_named_refusal(shared: Client, target: str, status: Any, key: str) -> None:
    answer = shared.get(target)
    assert answer.status in (status if isinstance(status, tuple) else (status,)), answer.body
    assert answer.status == 200 or answer.key.startswith(key)


NASTY = ["%27%20OR%201=1--", "%22", "%25_", "%5C", "%3B%20DROP%20TABLE%20resource", "%5C%27", "%7B%7D(%5B*", "%24%24", "%0A", "%2C", "%5C%2C", "%7C%7C",
         "a" * 3000, "%F0%A0%AE%B7%E2%80%AE"]


@pytest.mark.parametrize("value", NASTY)
def test_given_quotes_and_percent_signs_in_every_parameter_when_searched_then_values_stay_values(shared: Client, value: str) -> None:
    before = count(shared)
    for type_name in ("Patient", "Observation"):
        for code in definitions().search[type_name]:
            for modifier in ("", ":contains", ":text"):
                answer = shared.get(f"{type_name}?{code}{modifier}={value}")
                assert answer.status in (200, 400), (code, modifier, answer.body)
    assert count(shared) == before


def test_given_1000_values_when_searched_then_they_are_answered(shared: Client) -> None:
    shared.put("Patient/p7", patient(id="p7"))
    form = "_id=" + ",".join(f"p{number}" for number in range(1000))
    answer = shared.post("Patient/_search", form.encode(), content_type="application/x-www-form-urlencoded")
    assert (answer.status, answer.ids) == (200, ["p7"])


@pytest.mark.parametrize("headers", [
    {"if_match": "x" * 5000}, {"if_none_match": '"' * 3000}, {"prefer": ";=,;return" * 300}, {"accept": ",;q=," * 300},
    {"accept_language": ",;q=zh" * 300}, {"content_type": "a/b;" + "x=y;" * 2000}, {"if_none_exist": "a=%zz"}, {"x_request_id": "\n"},
    {"accept_encoding": "gzip;q=,;;"}, {"if_modified_since": "Mon, 99 Foo 99999999999 99:99:99"}, {"if_none_exist": "name=x" * 3000},
    {"authorization": "Bearer " + "\xff" * 10},
])
def test_given_nasty_headers_when_asked_then_never_a_500(shared: Client, headers: dict[str, str]) -> None:
    shared.put("Patient/a", patient(id="a"))
    for method, target, body in (("GET", "Patient/a", None), ("PUT", "Patient/a", patient(id="a")), ("POST", "Patient", patient())):
        assert shared(method, target, body, **headers).status < 500


def test_given_a_wide_question_inside_a_batch_when_asked_then_it_is_bounded_there_too(shared: Client) -> None:
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "GET", "url": target}} for target, _, _ in URLS]}
    answer = shared.post("", bundle)
    assert answer.status == 200
    assert all(each["response"]["status"][:1] in ("2", "4") for each in answer.entries)

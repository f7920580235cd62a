"""Given everything that is written here, when a stranger reads it, then nothing in it belongs to somebody's desk."""

import re

from tests.architecture.source import below, files, name

TEXTS = (".py", ".md", ".toml", ".ini", ".cfg", ".sh", ".sql", ".po", ".html", ".js", ".css", ".txt", ".yml", ".yaml", ".json", "")
# Who may be named by address: publishers of identifiers and standards, documentation of what is used, and the
# reserved example names. Package registries are configured on the machine, never named.
NAMED_HOSTS = re.compile(r"""(?x)\A(
    ([\w-]+\.)*hl7\.org | unitsofmeasure\.org | loinc\.org | snomed\.info | ([\w-]+\.)*w3\.org | ([\w-]+\.)*iso\.org
  | ([\w-]+\.)*ihe\.net | ([\w-]+\.)*nlm\.nih\.gov | dicom\.nema\.org | ([\w-]+\.)*rfc-editor\.org | datatracker\.ietf\.org
  | ([\w-]+\.)*apache\.org | fhir\.cq\.hc | fhir-registry\.smarthealthit\.org | ([\w-]+\.)*doorstep\.(example|invalid) | terminology\.medplum\.com
  | ([\w-]+\.)*example(\.(com|org|net))? | ([\w-]+\.)*(test|invalid|localhost|example) | localhost | 127\.0\.0\.1 | 0\.0\.0\.0
)\Z""")
_HOST = re.compile(r"\bhttps?://(?:[\w.-]+@)?([A-Za-z0-9][\w-]*(?:\.[\w-]+)+)")
_PATHS = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|tmp/w)(?:/|\b)(?!\))")
_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def texts() -> list[tuple[str, str]]:
    """(name, text) of what people read: code, documents, settings; lock files and this rule itself apart."""
    own = {"tests/architecture/test_words.py", "package-lock.json", "LICENSE"}
    return [(name(path), path.read_text(encoding="utf-8")) for path in files() if path.suffix in TEXTS and name(path) not in own]


def lines_with(pattern: re.Pattern[str], inside: list[tuple[str, str]]) -> list[str]:
    return [f"{where}:{number}: {line.strip()[:100]}" for where, text in inside
            for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def test_only_publishers_of_standards_are_named_by_address() -> None:
    code = [(where, text) for where, text in texts() if not where.startswith("tests/")]
    found = [f"{where}: {host}" for where, text in code for host in _HOST.findall(text) if not NAMED_HOSTS.match(host.rstrip("."))]
    assert found == []


def test_no_path_of_somebodys_machine_is_written_down() -> None:
    assert lines_with(_PATHS, texts()) == []


def test_nothing_is_left_for_later() -> None:
    assert lines_with(_LATER, texts()) == []


def test_no_private_key_is_kept_here() -> None:
    assert lines_with(_SECRET, texts()) == []


def test_no_test_is_skipped_or_expected_to_fail_without_a_reason_in_words() -> None:
    bare = re.compile(r"pytest\.(mark\.)?(skip|xfail)(\(\s*\)|\s*$)")
    own = {"tests/architecture/test_words.py"}
    assert lines_with(bare, [(name(p), p.read_text(encoding="utf-8")) for p in below("tests") if name(p) not in own]) == []


def test_no_test_waits_by_the_clock() -> None:
    sleeping = re.compile(r"\btime\.sleep\(|\basyncio\.sleep\((?!0\))")
    own = {"tests/architecture/test_words.py"}
    assert lines_with(sleeping, [(name(p), p.read_text(encoding="utf-8")) for p in below("tests") if name(p) not in own]) == []

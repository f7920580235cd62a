"""Given a lock on one package, when a build needs it, then it gets that very file, kept or fetched, or one sentence."""

import base64
import hashlib
from pathlib import Path

import pytest

from build_tools.failure import BuildFailure
from build_tools.package import Lock, find_package, integrity, kept_copy, read_lock
from build_tools.tables import LOCK

GOOD = b"the official package"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lock:
    """A lock on GOOD, with an empty place to keep it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    digest = base64.b64encode(hashlib.sha512(GOOD).digest()).decode()
    path = tmp_path / "definitions.lock"
    path.write_text(f'package = "spec"\nversion = "4.0.1"\nintegrity = "sha512-{digest}"\n')
    return read_lock(path)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that delivers the file ``delivered`` beside it, or fails as the real one does without a network."""
    tools = tmp_path / "tools"
    tools.mkdir()
    script = tools / "npm"
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tools}/calls\n'
        "for last; do :; done\n"
        f"[ -e {tools}/delivered ] || {{ echo 'npm error code ENOTFOUND' >&2; exit 1; }}\n"
        f'cp {tools}/delivered "$last/spec-4.0.1.tgz"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return tools


def test_what_npm_delivers_is_kept_when_its_hash_is_right(lock: Lock, npm: Path) -> None:
    (npm / "delivered").write_bytes(GOOD)
    found = find_package(lock)
    assert found == kept_copy(lock)
    assert found.read_bytes() == GOOD
    assert "pack spec@4.0.1 --ignore-scripts" in (npm / "calls").read_text()


def test_a_second_build_asks_nobody(lock: Lock, npm: Path) -> None:
    (npm / "delivered").write_bytes(GOOD)
    find_package(lock)
    (npm / "delivered").unlink()
    find_package(lock)
    assert len((npm / "calls").read_text().splitlines()) == 1


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(lock: Lock, npm: Path) -> None:
    (npm / "delivered").write_bytes(GOOD + b"!")
    with pytest.raises(BuildFailure, match="not the file whose hash"):
        find_package(lock)
    assert not kept_copy(lock).exists()


def test_a_damaged_kept_copy_is_fetched_again(lock: Lock, npm: Path) -> None:
    kept_copy(lock).parent.mkdir(parents=True)
    kept_copy(lock).write_bytes(GOOD[:5])
    (npm / "delivered").write_bytes(GOOD)
    assert find_package(lock).read_bytes() == GOOD


def test_without_network_and_copy_one_sentence_says_so(lock: Lock, npm: Path) -> None:
    with pytest.raises(BuildFailure) as stopped:
        find_package(lock)
    sentence = str(stopped.value)
    assert sentence == (
        f"The FHIR definitions (spec 4.0.1) are neither kept in {kept_copy(lock).parent} "
        "nor to be had through npm: npm says ENOTFOUND."
    )


def test_without_npm_the_sentence_says_that(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("build_tools.package.npm", lambda: None)
    with pytest.raises(BuildFailure, match=r"there is no npm\.$"):
        find_package(lock)


def test_another_lock_has_another_copy(lock: Lock, tmp_path: Path) -> None:
    path = tmp_path / "definitions.lock"
    path.write_text(path.read_text() + "# newer\n")
    assert kept_copy(read_lock(path)) != kept_copy(lock)


def test_the_real_lock_pins_what_is_kept(package: Path) -> None:
    pinned = read_lock(LOCK)
    assert str(pinned) == "hl7.fhir.r4.examples 4.0.1"
    assert integrity(package) == pinned.integrity

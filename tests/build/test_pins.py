"""Given what is installed, when anybody installs it, then it is pinned, hashed, and here for a reason."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from build_tools.package import kept_copy, read_lock
from build_tools.tables import LOCK, ROOT
from hatch_build import Hook

TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads(TEXT)
RUN: list[str] = PROJECT["project"]["dependencies"]
DEV: list[str] = PROJECT["project"]["optional-dependencies"]["dev"]
BUILD: list[str] = PROJECT["build-system"]["requires"]
NODE: str = PROJECT["tool"]["doorstep"]["node"]


def locked(name: str) -> dict[str, str]:
    """Package -> version of a lock file."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))


def pin(requirement: str) -> tuple[str, str]:
    name, _, version = requirement.partition("==")
    return re.sub(r"\[.*\]", "", name), version


@pytest.mark.parametrize("requirement", [*RUN, *DEV, *BUILD, NODE])
def test_a_direct_requirement_is_one_version_with_a_reason(requirement: str) -> None:
    assert re.fullmatch(r"[\w-]+(\[[\w,]+\])?==[\w.]+", requirement)
    if requirement != NODE:
        assert re.search(rf'"{re.escape(requirement)}", +# \S', TEXT)


@pytest.mark.parametrize(
    ("lock", "requirements"), [("run.txt", [*RUN, *BUILD]), ("dev.txt", [*RUN, *BUILD, *DEV]), ("node.txt", [NODE])]
)
def test_the_lock_has_each_requirement_as_it_is_pinned(lock: str, requirements: list[str]) -> None:
    assert dict(pin(it) for it in requirements).items() <= locked(lock).items()


def test_tests_run_with_the_versions_that_are_run() -> None:
    assert locked("run.txt").items() <= locked("dev.txt").items()


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt", "node.txt"])
def test_every_locked_package_has_its_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text.partition("\n")[2])
    # One package may stand twice, for older and newer Pythons.
    assert {it.partition("==")[0] for it in blocks} == set(locked(lock))
    assert all("--hash=sha256:" in it for it in blocks)
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


@pytest.fixture
def hook() -> Hook:
    return Hook(str(ROOT), {}, None, None, "", "wheel")  # type: ignore[arg-type]


def test_a_machine_without_npm_borrows_one_for_its_first_build(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("build_tools.package.npm", lambda: None)
    assert hook.dependencies() == [NODE]


def test_a_machine_with_npm_or_a_kept_copy_borrows_nothing(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("build_tools.package.npm", lambda: "npm")
    assert hook.dependencies() == []
    monkeypatch.setattr("build_tools.package.npm", lambda: None)
    kept_copy(read_lock(LOCK)).parent.mkdir(parents=True)
    kept_copy(read_lock(LOCK)).touch()
    assert hook.dependencies() == []

"""Given a source distribution, when a wheel is built from it without a network, then it carries all that runs."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from build_tools.tables import ROOT, TABLES

NOWHERE = "/nowhere"
"""A PATH on which there is no npm."""


def hatch(target: str, source: Path, into: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run hatchling's own command; what it makes goes into the directory ``into``."""
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)],
        cwd=source, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def only(directory: Path) -> Path:
    [found] = directory.iterdir()
    return found


def unpack(sdist: Path, into: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(into, filter="data")
    return only(into)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("sdist")
    done = hatch("sdist", ROOT, into, dict(os.environ))
    assert done.returncode == 0, done.stderr
    return only(into)


@pytest.fixture(scope="module")
def wheel(sdist: Path, package: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel built where no npm is, from the kept copy alone."""
    into = tmp_path_factory.mktemp("wheel")
    source = unpack(sdist, tmp_path_factory.mktemp("unpacked"))
    done = hatch("wheel", source, into, {**os.environ, "PATH": NOWHERE})
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(only(into)) as archive:
        return archive.namelist()


def test_the_source_distribution_has_sources_and_nothing_compiled(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {it.partition("/")[2] for it in archive.getnames()}
    assert {"definitions.lock", "hatch_build.py", "build_tools/compiler.py", "requirements/run.txt"} <= names
    assert not [it for it in names if "_definitions/" in it or it.endswith(".mo")]


def test_the_wheel_carries_the_compiled_definitions(wheel: list[str]) -> None:
    assert {f"doorstep/kernel/_definitions/{it.name}" for it in TABLES.iterdir()} <= set(wheel)


def test_the_wheel_carries_everything_under_the_package(wheel: list[str]) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "src/doorstep"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    expected = {it.removeprefix("src/") for it in tracked if (ROOT / it).exists()}
    assert expected <= set(wheel)


def test_the_wheel_carries_each_translation_compiled(wheel: list[str]) -> None:
    sources = [it for it in wheel if it.endswith(".po")]
    assert sources
    assert {it.removesuffix(".po") + ".mo" for it in sources} <= set(wheel)


def test_a_build_without_network_and_copy_stops_with_one_sentence(sdist: Path, tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    source = unpack(sdist, tmp_path / "unpacked")
    bare = {**os.environ, "PATH": NOWHERE, "XDG_CACHE_HOME": str(tmp_path / "empty")}
    done = hatch("wheel", source, tmp_path / "out", bare)
    assert done.returncode == 1
    [sentence] = (done.stdout + done.stderr).splitlines()
    assert sentence.startswith("The FHIR definitions (hl7.fhir.r4.examples 4.0.1) are neither kept in")
    assert sentence.endswith("there is no npm.")

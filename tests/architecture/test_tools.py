"""Given a machine that lacks something, when one of the two commands is typed, then it says what in one sentence."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tools import pins

BASIC = ("dirname", "find", "grep", "ls", "cat")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with hardly anything on it, where the user is not root and has no sudo."""
    for program in BASIC:
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    script(tmp_path / "id", "echo 1000")
    return tmp_path


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def run(tool: str, *arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "VENV")} | {"PATH": str(path)}
    return subprocess.run([ROOT / "tools" / tool, *arguments], env=environment, check=False, capture_output=True, text=True)


def test_no_python_is_said_in_one_sentence(bare: Path) -> None:
    done = run("python", path=bare)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Python 3.11 or later is needed") and done.stderr.count("\n") == 1


def test_an_old_python_is_not_taken(bare: Path) -> None:
    script(bare / "python3", "exit 1")
    assert run("python", path=bare).returncode == 1


def test_a_python_without_venv_names_the_debian_package(bare: Path) -> None:
    script(bare / "python3", 'case "$2" in *ensurepip*) exit 1 ;; esac')
    done = run("python", path=bare)
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr and done.stderr.count("\n") == 1


def test_a_python_that_can_make_environments_is_printed(bare: Path) -> None:
    script(bare / "python3", "exit 0")
    done = run("python", path=bare)
    assert (done.returncode, done.stdout.strip()) == (0, str(bare / "python3"))


def test_what_the_tests_lack_is_named_when_it_may_not_be_installed(bare: Path) -> None:
    script(bare / "python3", "exit 0")
    done = run("needs", "tests", path=bare)
    assert done.returncode == 1
    assert "apt-get install" in done.stderr and "chromium" in done.stderr and "python3-venv" not in done.stderr


def test_what_is_there_is_not_asked_for(bare: Path) -> None:
    script(bare / "python3", "exit 0")
    script(bare / "make", "exit 0")
    assert run("needs", "make", path=bare).returncode == 0


def test_pins_are_read_from_the_lock_files() -> None:
    text = "Django==5.2.19 \\\n    --hash=sha256:00\npsycopg[binary,pool]==3.3.9 ; python_version > '3'\n# note==1\n"
    assert pins.pins(text) == {"django": "5.2.19", "psycopg": "3.3.9"}
    assert pins.line_of("5.2.19") == "==5.2.*"
    assert len(pins.pins((ROOT / "requirements" / "run.txt").read_text(encoding="utf-8"))) > 10

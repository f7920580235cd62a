"""Report every pinned package that is not the newest patch release of its minor line.

Asks the package index that pip is configured for, with one ordinary pip call that installs nothing. Exit status 1 when
something is behind. A vulnerability scanner that cannot reach its data says nothing; this says what could be newer.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).resolve().parent.parent / "requirements"
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Package -> version, from a lock file's text."""
    return {plain(name): version for name, version in _PIN.findall(text)}


def plain(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def line_of(version: str) -> str:
    """The minor line of a version as a requirement: 5.2.19 -> ==5.2.*"""
    return f"=={'.'.join(version.split('.')[:2])}.*"


def newest(wanted: dict[str, str]) -> dict[str, str]:
    """The newest release of each package's minor line, as pip would choose it here."""
    asked = [f"{name}{line_of(version)}" for name, version in wanted.items()]
    quietly = ["--quiet", "--quiet", "--disable-pip-version-check", "--dry-run", "--no-deps", "--ignore-installed"]
    command = [sys.executable, "-m", "pip", "install", *quietly, "--report", "-", *asked]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    chosen = (item["metadata"] for item in report["install"])
    return {plain(metadata["name"]): metadata["version"] for metadata in chosen}


def main() -> int:
    wanted: dict[str, str] = {}
    for lock in sorted(LOCKS.glob("*.txt")):
        wanted |= pins(lock.read_text(encoding="utf-8"))
    latest = newest(wanted)
    behind = [(name, version, latest[name]) for name, version in sorted(wanted.items()) if latest[name] != version]
    for name, version, newer in behind:
        print(f"{name}: pinned {version}, newest of its line {newer}")
    print(f"{len(wanted)} pinned, {len(behind)} behind")
    return 1 if behind else 0


if __name__ == "__main__":
    sys.exit(main())

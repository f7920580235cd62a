"""The compiled definitions in the source tree: made when absent or out of date, else left alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from build_tools.compiler import compile_package
from build_tools.package import find_package, read_lock

ROOT = Path(__file__).resolve().parent.parent
KERNEL = ROOT / "src" / "doorstep" / "kernel"
LOCK = ROOT / "definitions.lock"
TABLES = KERNEL / "_definitions"
STAMP = "stamp"


def ensure_tables() -> bool:
    """Compile the definitions unless tables of the same lock and compiler are there; whether it compiled."""
    wanted = fingerprint()
    stamp = TABLES / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    compile_package(find_package(read_lock(LOCK)), TABLES, stamp=wanted)
    return True


def fingerprint() -> str:
    """A hash of all that decides what the tables look like."""
    digest = hashlib.sha256()
    for source in [LOCK, KERNEL / "definitions.py", *sorted(Path(__file__).parent.glob("*.py"))]:
        digest.update(source.read_bytes())
    return digest.hexdigest()

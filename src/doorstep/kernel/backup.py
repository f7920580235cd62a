"""Backup of the whole data directory while it is in use, and restore into an empty one.

The record and the accounts are one set. SQLite copies a consistent snapshot beside the running server; a
manifest holds the hash of each file, and restore refuses a set that does not agree with it. For PostgreSQL the server's
own tools are called.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from doorstep.kernel import audit_heads
from doorstep.kernel.clock import instant, real_now
from doorstep.kernel.errors import Conflict, Malformed, Unavailable
from doorstep.kernel.postgres import continue_after

MANIFEST = "manifest.json"
_DUMP = "record.dump"


def backup(data: Path | None, url: str, target: Path) -> list[str]:
    """Write a backup set into ``target``, which must be empty or absent; the names of its files."""
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise Conflict("backup.not-empty", directory=str(target))
    # The heads first: they may say less than the record that is copied after them, never more.
    heads = [_plain(data / audit_heads.FILE, target)] if data and (data / audit_heads.FILE).exists() else []
    names = heads + [_copy(file, target) for file in sorted(data.glob("*.db"))] if data else []
    if not url.startswith("sqlite"):
        _tool("pg_dump", "--format=custom", f"--file={target / _DUMP}", url)
        names.append(_DUMP)
    if data:
        names += [_plain(file, target) for file in sorted(data.glob("*.key"))]
    listed = {"made": instant(real_now()), "files": {name: _hash(target / name) for name in names}}
    (target / MANIFEST).write_text(json.dumps({**listed, "hash": _seal(listed)}, indent=1), "utf-8")
    _keep(target, [*names, MANIFEST])
    return names


def restore(source: Path, data: Path, url: str) -> list[str]:
    """Put a backup set back; the manifest's hash and every file's are compared before the first is written."""
    try:
        manifest = json.loads((source / MANIFEST).read_text("utf-8"))
        files: dict[str, str] = manifest["files"]
        sealed = _seal({"made": manifest["made"], "files": files}) == manifest["hash"]
    except (OSError, ValueError, KeyError, TypeError):
        raise Malformed("backup.no-manifest", directory=str(source)) from None
    if not sealed:
        raise Malformed("backup.altered", file=MANIFEST)
    unnamed = sorted({file.name for file in source.iterdir()} - {*files, MANIFEST})
    if unnamed:
        raise Malformed("backup.unnamed", file=unnamed[0])
    for name, expected in files.items():
        if Path(name).name != name or not (source / name).is_file() or _hash(source / name) != expected:
            raise Malformed("backup.altered", file=name)
    data.mkdir(parents=True, exist_ok=True)
    if any(data.glob("*.db")):
        raise Conflict("backup.not-empty", directory=str(data))
    for name in files:
        if name == audit_heads.FILE and (data / name).exists():
            continue  # what was written down here since goes on: the set may be older than it
        if name == _DUMP:
            _tool("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={url}", str(source / name))
            with psycopg.connect(url) as connection:
                continue_after(connection)
        else:
            shutil.copy2(source / name, data / name)
    _keep(data, [name for name in files if name != _DUMP])
    return list(files)


def _copy(file: Path, target: Path) -> str:
    origin, copy = sqlite3.connect(file), sqlite3.connect(target / file.name)
    try:
        # In one step: between steps the copy would begin again whenever somebody has written, and never end.
        origin.backup(copy)
        if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise Unavailable("backup.damaged", file=file.name)
    finally:
        origin.close()
        copy.close()
    return file.name


def _plain(file: Path, target: Path) -> str:
    shutil.copy2(file, target / file.name)
    return file.name


def _tool(name: str, *arguments: str) -> None:
    program = shutil.which(name)
    if program is None:
        raise Unavailable("backup.no-tool", tool=name)
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable("backup.tool-failed", tool=name, reason=done.stderr.strip()[-500:])


def _seal(listed: dict[str, Any]) -> str:
    """The manifest's own hash: an entry that is lost would otherwise be a file that is not put back."""
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def _keep(directory: Path, names: list[str]) -> None:
    """Until now a power cut may take the files away, whatever was said of them."""
    for path in [*(directory / name for name in names), directory]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

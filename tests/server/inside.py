"""A verb of the command line inside this process: for what it does to a record, where starting it is not what is tried."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from doorstep import cli
from tests.server.running import environment


def doorstep(*arguments: str, data: Path, url: str = "", check: bool = True) -> CompletedProcess[str]:
    """What tests/server/running.py does with a process of its own."""
    given = [arguments[0], "--data", str(data), *(["--database", url] if url else []), *arguments[1:]]
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors), patch.dict(os.environ, environment()):
        status = cli.main(given)
    done = CompletedProcess(given, status, out.getvalue(), errors.getvalue())
    if check and status:
        raise AssertionError(f"{arguments}: {status}\n{done.stdout}\n{done.stderr}")
    return done

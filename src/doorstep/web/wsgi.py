"""The pages as one WSGI application over a store."""

from __future__ import annotations

import fcntl
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from doorstep.kernel.store import Store
from doorstep.web.settings import configure

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
STORE = "doorstep.store"
DEMO = "doorstep.demo"
BEGINNING = Path(__file__).parent / "accounts" / "beginning.sql"
"""The accounts database before anybody has an account (tools/accounts_schema.py)."""

BEHIND_PROXY = "doorstep.behind_proxy"


def make_app(
    store: Store,
    data_dir: Path | str,
    demo: bool = False,
    *,
    secure: bool = False,
    behind_proxy: bool = False,
    hosts: Sequence[str] = (),
) -> Wsgi:
    """The pages' application. ``demo`` shows role buttons on the sign-in page: for loopback and synthetic data only.

    The store travels with each request, so that one process can serve several (tests do).
    """
    data_dir = Path(data_dir)
    prepare(data_dir, secure=secure, behind_proxy=behind_proxy, hosts=hosts)
    from django.core.wsgi import get_wsgi_application

    django_app = get_wsgi_application()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[STORE] = store
        environ[DEMO] = demo
        environ[BEHIND_PROXY] = behind_proxy
        answer: Iterable[bytes] = django_app(environ, start_response)
        return answer

    return app


def prepare(data_dir: Path, *, secure: bool = False, behind_proxy: bool = False, hosts: Sequence[str] = ()) -> None:
    """Django's settings and the accounts database, made or brought up to date by one process at a time."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "accounts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (data_dir / "accounts.db").exists():
            configure(data_dir, secure=secure, behind_proxy=behind_proxy, hosts=hosts)
            from django.db import connection

            with connection.constraint_checks_disabled():  # in a dump a row may come before the table that it names
                connection.connection.executescript(BEGINNING.read_text(encoding="utf-8"))
        migrated(data_dir, secure=secure, behind_proxy=behind_proxy, hosts=hosts)


def migrated(data_dir: Path, *, secure: bool = False, behind_proxy: bool = False, hosts: Sequence[str] = ()) -> None:
    """Django's settings; every step that this accounts database has not taken yet is taken."""
    configure(data_dir, secure=secure, behind_proxy=behind_proxy, hosts=hosts)
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    if not _steps() <= MigrationRecorder(connection).applied_migrations().keys():
        call_command("migrate", verbosity=0, interactive=False)


@cache
def _steps() -> frozenset[tuple[str, str]]:
    """The migrations of every app: (app, name). Asking ``migrate`` what is missing costs a hundred times as much."""
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    found = set()
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        if module and find_spec(module):
            paths = import_module(module).__path__
            found |= {(app.label, each.name) for each in pkgutil.iter_modules(paths) if each.name[0] not in "_~"}
    return frozenset(found)

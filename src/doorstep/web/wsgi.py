"""The pages as one WSGI application over a store."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from doorstep.kernel.store import Store
from doorstep.web.settings import configure

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
STORE = "doorstep.store"
DEMO = "doorstep.demo"


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
    configure(data_dir, secure=secure, behind_proxy=behind_proxy, hosts=hosts)
    from django.core.management import call_command

    with (data_dir / "accounts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("migrate", verbosity=0, interactive=False)

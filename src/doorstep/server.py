"""One server process mounts the FHIR interface, the pages and the operator's addresses over one store."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import os
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from doorstep import locale_text, process
from doorstep.kernel import audit_heads, index
from doorstep.kernel import store as stores
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.store import Store

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

ROLES = ("api", "pages", "jobs")
"""What a process may do: the FHIR interface, the pages, background work. PostgreSQL: any mix in any process."""
_CONFIG = "DOORSTEP_SERVE"
_READY = "DOORSTEP_READY_FILE"
STOP_SECONDS = 20
_LOGS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"},
        "access": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"},
    },
    "loggers": {
        "_granian": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        "granian.access": {"handlers": ["access"], "level": "ERROR", "propagate": False},
    },
}
"""Stdout belongs to the ready line; everything else is said on stderr."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is started. ``url`` is the store's; ``data`` holds accounts and keys."""

    url: str
    data: str
    port: int
    bind: str = "127.0.0.1"
    workers: int = 1
    threads: int = 32
    roles: tuple[str, ...] = ROLES
    demo: bool = False
    tls_certificate: str = ""
    tls_key: str = ""
    plain_beyond_loopback: bool = False
    cors: tuple[str, ...] = ()
    """Web origins that may call the interface from a browser."""
    behind_proxy: bool = False
    """Whether X-Forwarded-Proto and X-Forwarded-Host come from our own proxy."""
    hosts: tuple[str, ...] = ()
    """By which names browsers call the pages, beside loopback; a request for another name is refused."""
    delete_many: bool = False
    """Whether one conditional delete may remove several resources."""
    mllp: int = 0
    """The port on which laboratory systems send results (HL7 v2 over MLLP); 0 for none."""
    mllp_bind: str = "127.0.0.1"
    mllp_tls_certificate: str = ""
    mllp_tls_key: str = ""
    mllp_tls_ca: str = ""
    """Whose certificates senders must show; "" asks for none."""
    audit_heads: str = ""
    """The folder where the heads of the audit chain are written down; "" for the data directory."""

    dicom: int = 0
    """The port at which modalities ask and send, on loopback unless plain text may leave it; 0 is none."""

    @property
    def heads(self) -> Path:
        """The file of these heads."""
        return Path(self.audit_heads or self.data) / audit_heads.FILE

    @property
    def secure(self) -> bool:
        """Whether browsers reach the pages through TLS: ours, or that of the proxy in front."""
        return bool(self.tls_certificate) or self.behind_proxy


def set_up_token(settings: Settings) -> str:
    """What makes the first account, when there is none yet: printed on this machine only, and again at every start."""
    if "pages" not in settings.roles or settings.demo:
        return ""
    from doorstep.web.wsgi import prepare

    prepare(Path(settings.data), secure=settings.secure, behind_proxy=settings.behind_proxy, hosts=settings.hosts)
    from django.db import connections

    from doorstep.web.accounts import first

    store = stores.open(settings.url)
    try:
        return first.token(store)
    finally:
        store.close()
        connections.close_all()  # a worker process opens its own


def refuse_unsafe(settings: Settings) -> None:
    """The two things that a server never does silently: several processes on SQLite, plain HTTP beyond loopback."""
    if settings.url.startswith("sqlite") and settings.workers > 1:
        raise Unavailable("serve.one-process", workers=settings.workers)
    unknown = [role for role in settings.roles if role not in ROLES]
    if unknown:
        raise Unavailable("serve.unknown-role", role=unknown[0])
    loopback = _is_loopback(settings.bind)
    if settings.mllp and not settings.mllp_tls_certificate and not _is_loopback(settings.mllp_bind):
        raise Unavailable("lab.mllp-plain", bind=settings.mllp_bind)
    if not loopback and not settings.tls_certificate and not settings.plain_beyond_loopback:
        raise Unavailable("serve.plain-beyond-loopback", bind=settings.bind)
    if settings.demo and not loopback:
        raise Unavailable("serve.demo-beyond-loopback", bind=settings.bind)


def _is_loopback(bind: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(bind).is_loopback
    return bind == "localhost"


def make_wsgi(store: Store, settings: Settings) -> Wsgi:
    """The whole application over a store."""
    # Not before a worker needs it: what it counts with looks into the environment when it is first imported.
    from doorstep import operate

    roles = settings.roles
    mounts: dict[str, Wsgi] = {}
    if "api" in roles:
        from doorstep.rest.app import make_app

        mounts["/fhir"] = make_app(
            store,
            base_path="/fhir",
            cors=settings.cors,
            trusted_proxy=settings.behind_proxy,
            delete_many=settings.delete_many,
        )
    if "pages" in roles:
        from doorstep.web.wsgi import make_app as make_pages

        pages = make_pages(
            store,
            Path(settings.data),
            settings.demo,
            secure=settings.secure,
            behind_proxy=settings.behind_proxy,
            hosts=settings.hosts,
        )
        from doorstep.web.quick import Quick  # after the settings are there

        mounts[""] = Quick(pages, store)
    api, web = mounts.get("/fhir", _nothing), mounts.get("", _nothing)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.startswith("/fhir") and (len(path) == 5 or path[5] == "/"):
            return api(environ, start_response)
        return web(environ, start_response)

    return operate.wrap(app, store)


def _nothing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return [b""]


def register_work(store: Store) -> None:
    """Whatever runs later: each workflow names its own."""
    from doorstep import workflows
    from doorstep.gateways import sms
    from doorstep.journeys import voicing
    from doorstep.rest import bulk, hooks

    workflows.register(store.runner)
    hooks.register(store)
    bulk.register(store)
    sms.register(store, sms.carrier_of(store))
    voicing.register(store)


def arm(store: Store) -> None:
    """What runs every day by itself is seen to once."""
    from doorstep import workflows

    workflows.arm(store)


def _hooks(store: Store) -> Any:
    """What tells subscribers, begun."""
    from doorstep.rest.hooks import Pump

    return Pump(store).start()


def listen(store: Store, settings: Settings) -> Any:
    """The listener for laboratory systems, begun. Of several workers the first has the port; it serves for all."""
    from doorstep.gateways import mllp
    from doorstep.gateways.hl7v2 import inbound

    tls = None
    if settings.mllp_tls_certificate:
        tls = mllp.tls_context(settings.mllp_tls_certificate, settings.mllp_tls_key, settings.mllp_tls_ca)
    try:
        listener = mllp.Listener(
            (settings.mllp_bind, settings.mllp),
            lambda raw, address: inbound.receive(store, raw, address=address).body,
            lambda key: inbound.broken(store, key), tls=tls,
        )  # fmt: skip
    except OSError as taken:
        if settings.workers == 1:
            raise Unavailable("lab.mllp-taken", port=settings.mllp) from taken
        return contextlib.ExitStack()
    _say("lab.cli-listening", address=f"{settings.mllp_bind}:{listener.port}")
    return listener.start()


def worker() -> Wsgi:
    """What a worker process of the server calls: opens the store and makes the application."""
    process.take_core()
    settings = Settings(**json.loads(os.environ[_CONFIG]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    index.warm()
    store = open_store(settings.url)
    register_work(store)
    if "jobs" in settings.roles:
        store.start_background(heads=settings.heads)
        arm(store)
        Finalize(None, _hooks(store).close, exitpriority=200)
    if settings.mllp:
        Finalize(None, listen(store, settings).close, exitpriority=300)
    # A worker is a process of multiprocessing: atexit is not called at its end, a finalizer is.
    Finalize(None, store.close, exitpriority=100)
    if settings.dicom:
        _modalities(store, settings)
    application = make_wsgi(store, settings)
    process.loaded()
    _announce_once(settings)
    return application


def open_store(url: str) -> Store:
    """The record as a worker opens it: SQLite's writer on a core of its own, where there is one."""
    return stores.open(url, apart=process.left()) if url.startswith("sqlite") else stores.open(url)


def _modalities(store: Store, settings: Settings) -> None:
    """The port for modalities, in the first worker that gets it."""
    from doorstep.gateways.dicom.scp import Server

    bind = settings.bind if settings.plain_beyond_loopback else "127.0.0.1"
    try:
        server = Server(store, port=settings.dicom, bind=bind)
    except OSError as taken:
        logging.getLogger(__name__).warning("the port for modalities is taken: %s", taken)
        return
    Finalize(None, server.close, exitpriority=150)


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; prints one ready line when requests are accepted."""
    refuse_unsafe(settings)
    stores.open(settings.url).close()  # the lock and the schema: refused here, in one sentence, before anything starts
    if set(settings.roles) == {"jobs"}:
        return _jobs_only(settings)
    token = set_up_token(settings)
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ[_CONFIG] = json.dumps(asdict(settings))
    counts = tempfile.TemporaryDirectory(prefix="doorstep-metrics-")
    if settings.workers > 1:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts.name
    os.environ[_READY] = str(Path(counts.name, "ready"))
    if token:
        _say("accounts.cli-token", address=f"{_address(settings)}/", token=token)
    server = Granian(
        "doorstep.server:worker", address=settings.bind, port=settings.port, interface=Interfaces.WSGI,
        workers=settings.workers, blocking_threads=settings.threads, factory=True, websockets=False,
        log_level=LogLevels.error, log_dictconfig=_LOGS, backlog=2048, backpressure=settings.threads * 4,
        workers_kill_timeout=STOP_SECONDS,
        ssl_cert=Path(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_key=Path(settings.tls_key) if settings.tls_key else None,
    )  # fmt: skip
    with counts:
        server.serve()
    return 0


def _address(settings: Settings) -> str:
    scheme = "https" if settings.tls_certificate else "http"
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    return f"{scheme}://{host}:{settings.port}"


def _announce_once(settings: Settings) -> None:
    """Of all workers the first says that the server answers.

    A thread of the process that makes the workers could hold a lock at the moment in which it is copied, and the copy
    would wait for that lock for ever.
    """
    try:
        Path(os.environ[_READY]).touch(exist_ok=False)
    except FileExistsError:
        return
    threading.Thread(target=_announce, args=(_address(settings), settings), daemon=True).start()


def _announce(base: str, settings: Settings) -> None:
    """Print the ready line once the server answers, not when it was started."""
    import ssl

    context = ssl._create_unverified_context() if base.startswith("https") else None  # noqa: S323 - our own socket
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{base}/healthz", timeout=2, context=context):
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    else:
        return
    roles = ",".join(settings.roles)
    print(f"ready {base}/ fhir={base}/fhir roles={roles}", flush=True)


def _say(key: str, **params: object) -> None:
    """One line on stderr in the terminal's language: stdout belongs to the ready line."""
    language = locale_text.language((os.environ.get("LC_ALL") or os.environ.get("LANG", "")).replace("_", "-"))
    print(locale_text.text(key, dict(params), language), file=sys.stderr, flush=True)


def _jobs_only(settings: Settings) -> int:
    import signal

    store = stores.open(settings.url)
    register_work(store)
    store.start_background(heads=settings.heads)
    arm(store)
    pump = _hooks(store)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    print("ready roles=jobs", flush=True)
    stop.wait()
    pump.close()
    store.close()
    return 0

"""What each verb of the command line does."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from doorstep import locale_text
from doorstep.kernel import store as stores
from doorstep.kernel.access import ADMINISTRATOR
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import real_now
from doorstep.kernel.errors import BadRequest
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store

OPERATOR = Actor("Device/doorstep", ADMINISTRATOR, "Organization/doorstep", "HOPERAT", "operator")
"""Whoever may run commands on this machine as the data's owner."""
BESIDE_DATABASE = Path("doorstep-data")
ACCOUNTS = {"admin": Actor("Device/doorstep", ADMINISTRATOR, "Organization/doorstep", "HOPERAT", "admin")}


def language() -> str:
    """The terminal's language among ours."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return locale_text.language(chosen.replace("_", "-").partition(".")[0])


def say(key: str, **params: object) -> None:
    """One line on stdout in the terminal's language."""
    print(locale_text.text(key, params, language()), flush=True)


def serve(options: Namespace) -> int:
    from doorstep.server import Settings
    from doorstep.server import serve as run

    roles = tuple(role.strip() for role in options.roles.split(",") if role.strip())
    return run(
        Settings(
            url=_url(options),
            data=str(_data(options)),
            port=options.port,
            bind=options.bind,
            workers=options.workers,
            threads=options.threads,
            roles=roles,
            tls_certificate=options.tls_certificate,
            tls_key=options.tls_key,
            plain_beyond_loopback=options.plain_beyond_loopback,
            cors=tuple(options.cors),
            behind_proxy=options.behind_proxy,
            hosts=tuple(options.hosts),
            delete_many=options.delete_many,
            audit_heads=options.audit_heads,
            mllp=options.mllp,
            mllp_bind=options.mllp_bind,
            mllp_tls_certificate=options.mllp_tls_certificate,
            mllp_tls_key=options.mllp_tls_key,
            mllp_tls_ca=options.mllp_tls_ca,
            dicom=options.dicom,
        )
    )


def modality(options: Namespace) -> int:
    """Make a device known that records or takes pictures: only known ones may ask for the worklist and send."""
    from doorstep.workflows import modality as modalities

    with _opened(options) as store:
        owner = replace(OPERATOR, organization=options.organization)
        made = store.run(owner, modalities.register, title=options.title, name=options.name, kind=options.kind)
    say("cli.modality", title=options.title, id=made.id)
    return 0


def token(options: Namespace) -> int:
    """Print a bearer token for an account; works beside a running server, because it only adds one row."""
    actor = ACCOUNTS.get(options.account)
    if actor is None:
        raise BadRequest("cli.unknown-account", account=options.account, known=", ".join(ACCOUNTS))
    store = stores.open(_url(options), exclusive=False)
    try:
        if options.revoke:
            say("cli.revoked", count=store.revoke(options.account))
        else:
            print(store.issue_token(options.account, actor, ttl=int(options.hours * 3600)))
    finally:
        store.close()
    return 0


def account(options: Namespace) -> int:
    """Accounts of people, by the local operator; works beside a running server."""
    from doorstep.web.wsgi import prepare

    prepare(_data(options))
    from doorstep.web.accounts import desk

    with _opened(options) as store:
        for key, params in desk.run(store, options.act, options.name, options.person, options.external, by=OPERATOR):
            say(key, **params)
    return 0


def load(options: Namespace) -> int:
    from doorstep.kernel.load import load as load_file

    missing = [str(file) for file in options.files if not file.is_file()]
    if missing:
        raise BadRequest("cli.no-file", file=missing[0])
    store = stores.open(_url(options))
    status = 0
    try:
        for file in options.files:
            began = real_now()
            actor = Actor(OPERATOR.person, OPERATOR.role, options.custodian, OPERATOR.purpose, OPERATOR.account)
            result = load_file(store, actor, file, processes=options.processes, progress=_bar(file.name))
            seconds = max((real_now() - began) / 1e6, 1e-6)
            say("cli.loaded", file=result.file, written=result.written, unchanged=result.unchanged,
                skipped=result.skipped, refused=len(result.refused), rate=round(result.written / seconds))  # fmt: skip
            for number, refusal in result.refused[:50]:
                issue = refusal.issues[0]
                reason = locale_text.text(issue.key, issue.params, language())
                print(f"  {file.name}:{number}: {reason} {issue.element}", file=sys.stderr)
            status = status or int(bool(result.refused))
    finally:
        store.close()
    return status


def export(options: Namespace) -> int:
    from doorstep.kernel.export import export as write

    with _opened(options) as store:
        began = real_now()
        counts = write(store, OPERATOR, options.out, types=options.types, progress=_count)
        seconds = max((real_now() - began) / 1e6, 1e-6)
        total = sum(counts.values())
        say("cli.exported", total=total, types=len(counts), directory=options.out, rate=round(total / seconds))
    return 0


def hosts(options: Namespace) -> int:
    """The addresses that notifications may go to: list one, take one off, print them all."""
    from doorstep.rest import outbound

    with _opened(options) as store:
        if options.allow:
            outbound.allow(store, options.allow, private=options.private)
        if options.remove:
            outbound.forbid(store, options.remove)
        for origin, private in sorted(outbound.origins(store.setting(outbound.SETTING, "")).items()):
            say("cli.private-host" if private else "cli.host", origin=origin)
    return 0


def senders(options: Namespace) -> int:
    """Laboratory systems that may send results: list one for an institution, take one off, print them all."""
    from doorstep.gateways.hl7v2 import senders as listed

    with _opened(options) as store:
        if options.allow:
            listed.allow(store, options.allow, organization=options.organization, networks=tuple(options.networks))
        if options.remove:
            listed.forbid(store, options.remove)
        for each in listed.senders(store).values():
            say("lab.cli-sender", name=each.name, organization=each.organization,
                networks=", ".join(each.networks) or "127.0.0.1")  # fmt: skip
    return 0


def link(options: Namespace) -> int:
    """Compare everybody with everybody: link certain pairs, give doubtful ones to the registry."""
    from doorstep.journeys.linking import link_everybody

    with _opened(options) as store:
        done = link_everybody(store, only_look=options.only_look)
    if options.only_look:
        say("persons.linked-look", entries=done.entries, linked=done.linked, asked=done.asked)
    else:
        say("persons.linked", entries=done.entries, linked=done.linked, asked=done.asked, known=done.known)
    return 0


def check(options: Namespace) -> int:
    from doorstep.kernel.check import check as look

    with _opened(options) as store:
        report = look(store.engine, now=store.clock.now(), heads=_heads(options), mend=options.repair, progress=_looked)
        if report.repaired:
            store.audit(
                Access(OPERATOR, "operation", refs=(f"{len(report.repaired)} repairs",), query="check --repair")
            )
        for problem in report.repaired[:200]:
            say("cli.repaired", problem=problem)
        for problem in report.errors[:200]:
            print(f"  {problem}")
        for reference in report.dangling[:200]:
            say("cli.dangling", reference=reference)
        for moment in report.set_back:
            say("cli.was-set-back", moment=moment)
        if report.sealed and not report.heads:
            say("cli.no-heads")
        say("cli.checked", resources=report.resources, versions=report.versions, sealed=report.sealed,
            unsealed=report.unsealed, age=report.unsealed_age_s, errors=len(report.errors),
            dangling=len(report.dangling))  # fmt: skip
    return 1 if report.errors or (options.strict and report.dangling) else 0


def audit_head(options: Namespace) -> int:
    """Print the newest sealed audit row, to be kept elsewhere; or write down that an older record was put back."""
    from doorstep.kernel import audit_heads

    with _opened(options) as store:
        if options.set_back:
            for file in _heads(options):
                audit_heads.append(file, store.engine, set_back=True)
                say("cli.set-back", file=file)
        else:
            print(audit_heads.current(store.engine))
    return 0


def backup(options: Namespace) -> int:
    from doorstep.kernel.backup import backup as write

    names = write(options.data, _url(options), options.out)
    say("cli.backed-up", files=", ".join(names), directory=options.out)
    return 0


def restore(options: Namespace) -> int:
    from doorstep.kernel.backup import restore as put_back

    names = put_back(options.source, _data(options), _url(options))
    say("cli.restored", files=", ".join(names), directory=_data(options))
    following = Namespace(**{**vars(options), "strict": False, "repair": False, "audit_heads": None, "set_back": True})
    audit_head(following)
    return check(following)


def migrate(options: Namespace) -> int:
    applied = stores.migrate(_url(options), post=options.post)
    say("cli.migrated", steps=", ".join(applied) or "-")
    return 0


def demo(options: Namespace) -> int:
    from doorstep import demo as district

    folder = options.data or Path("demo-data-full" if options.full else "demo-data")
    return district.main(folder, port=options.port, residents=options.residents, check=options.check,
                         database=options.database, full=options.full)  # fmt: skip


# -- inside


class _opened:
    """A store beside a running server: reads and small side rows only."""

    def __init__(self, options: Namespace) -> None:
        self._url = _url(options)

    def __enter__(self) -> Store:
        self._store = stores.open(self._url, exclusive=False, statement_limit_s=0)
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def _data(options: Namespace) -> Path:
    """The data directory. A database needs one only for accounts and keys of the pages, so then there is a default."""
    if options.data is None and not options.database:
        raise BadRequest("cli.no-data")
    found: Path = options.data or BESIDE_DATABASE
    found.mkdir(parents=True, exist_ok=True)
    return found


def _url(options: Namespace) -> str:
    if options.database:
        return str(options.database)
    return f"sqlite:///{_data(options).resolve()}"


def _heads(options: Namespace) -> list[Path]:
    """The files of audit heads: those named, else the one that a server writes by default, if it is there."""
    from doorstep.kernel.audit_heads import FILE

    given = options.audit_heads or [Path(folder) for folder in [os.environ.get("DOORSTEP_AUDIT_HEADS")] if folder]
    missing = [str(each) for each in given if not each.exists()]
    if missing:
        raise BadRequest("cli.no-file", file=missing[0])
    usual = [(options.data or BESIDE_DATABASE) / FILE]
    return [each / FILE if each.is_dir() else each for each in given] or [each for each in usual if each.exists()]


def _bar(name: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            filled = 30 * done // max(total, 1)
            print(f"\r{name} [{'#' * filled}{'.' * (30 - filled)}] {100 * done // max(total, 1):3d} %", end="",
                  file=sys.stderr, flush=True)  # fmt: skip
            if done >= total:
                print(file=sys.stderr)

    return show


def _count(name: str, count: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{name} {count}", end="\n" if count % 5000 else "", file=sys.stderr, flush=True)


def _looked(count: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{count}", end="", file=sys.stderr, flush=True)

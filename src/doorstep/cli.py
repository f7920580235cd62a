"""The command line: short clients of the same rules that the server follows."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from doorstep import locale_text
from doorstep.kernel.errors import Refusal


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; its exit status. A refusal is one sentence on stderr, exit status 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    from doorstep import verbs

    try:
        status: int = getattr(verbs, options.verb.replace("-", "_"))(options)
        return status
    except Refusal as refusal:
        language = verbs.language()
        for issue in refusal.issues[:20]:
            where = f" [{issue.element}]" if issue.element else ""
            print(f"doorstep: {locale_text.text(issue.key, issue.params, language)}{where}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="doorstep")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    serve = _verb(verbs, "serve")
    serve.add_argument("--port", type=int, default=8080)
    serve.add_argument("--bind", default="127.0.0.1", metavar="ADDR")
    serve.add_argument("--workers", type=int, default=1)
    serve.add_argument("--threads", type=int, default=32)
    serve.add_argument("--roles", default="api,pages,jobs")
    serve.add_argument("--tls-certificate", "--tls-cert", default="", metavar="FILE")
    serve.add_argument("--tls-key", default="", metavar="FILE")
    serve.add_argument("--plain-beyond-loopback", action="store_true")
    serve.add_argument("--cors", action="append", default=[], metavar="ORIGIN")
    serve.add_argument("--behind-proxy", action="store_true")
    serve.add_argument("--host", action="append", default=[], dest="hosts", metavar="NAME")
    serve.add_argument("--delete-many", action="store_true")
    serve.add_argument("--audit-heads", default=os.environ.get("DOORSTEP_AUDIT_HEADS", ""), metavar="DIR")

    serve.add_argument("--dicom", type=int, default=0, metavar="PORT")

    modality = _verb(verbs, "modality")
    modality.add_argument("title", metavar="AE_TITLE")
    modality.add_argument("--name", default="")
    modality.add_argument("--kind", required=True, metavar="ECG|DX|CR|CT")
    modality.add_argument("--organization", required=True, metavar="REFERENCE")

    _laboratory_systems(verbs, serve)

    token = _verb(verbs, "token")
    token.add_argument("--as", dest="account", required=True, metavar="ACCOUNT")
    token.add_argument("--hours", type=float, default=12)
    token.add_argument("--revoke", action="store_true")

    account = _verb(verbs, "account")
    account.add_argument("act", choices=["list", "add", "invite", "disable", "enable", "reset", "unlock"])
    account.add_argument("name", nargs="?", default="", metavar="ACCOUNT")
    account.add_argument("--person", default="", metavar="REFERENCE")
    account.add_argument("--external", default="", metavar="PROVIDER:VALUE")

    load = _verb(verbs, "load")
    load.add_argument("files", nargs="+", type=Path, metavar="FILE")
    load.add_argument("--custodian", default="Organization/doorstep", metavar="ORGANIZATION")
    load.add_argument("--processes", type=int, default=2)

    export = _verb(verbs, "export")
    export.add_argument("--out", type=Path, required=True, metavar="DIR")
    export.add_argument("--type", action="append", default=[], dest="types")

    hosts = _verb(verbs, "hosts")
    hosts.add_argument("--allow", default="", metavar="ORIGIN")
    hosts.add_argument("--private", action="store_true")
    hosts.add_argument("--remove", default="", metavar="ORIGIN")

    link = _verb(verbs, "link")
    link.add_argument("--only-look", action="store_true")

    check = _verb(verbs, "check")
    check.add_argument("--strict", action="store_true")
    check.add_argument("--repair", action="store_true")
    check.add_argument("--audit-heads", type=Path, action="append", metavar="FILE_OR_DIR")

    heads = _verb(verbs, "audit-head")
    heads.add_argument("--set-back", action="store_true")
    heads.add_argument("--audit-heads", type=Path, action="append", metavar="FILE_OR_DIR")

    backup = _verb(verbs, "backup")
    backup.add_argument("--out", type=Path, required=True, metavar="DIR")

    restore = _verb(verbs, "restore")
    restore.add_argument("--from", dest="source", type=Path, required=True, metavar="DIR")

    migrate = _verb(verbs, "migrate")
    migrate.add_argument("--post", action="store_true")

    demo = verbs.add_parser("demo")
    demo.add_argument("--data", type=Path, metavar="DIR")
    demo.add_argument("--port", type=int, default=8080)
    demo.add_argument("--residents", type=int, default=0)
    demo.add_argument("--check", action="store_true")
    demo.add_argument("--full", action="store_true")
    demo.add_argument("--database", default="", metavar="URL")
    return parser


def _laboratory_systems(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], serve: argparse.ArgumentParser
) -> None:
    """Where results are taken (HL7 v2 over MLLP), and from whom."""
    serve.add_argument("--mllp", type=int, default=0, metavar="PORT")
    serve.add_argument("--mllp-bind", default="127.0.0.1", metavar="ADDR")
    serve.add_argument("--mllp-tls-certificate", default="", metavar="FILE")
    serve.add_argument("--mllp-tls-key", default="", metavar="FILE")
    serve.add_argument("--mllp-tls-ca", default="", metavar="FILE")
    senders = _verb(verbs, "senders")
    senders.add_argument("--allow", default="", metavar="APPLICATION|FACILITY")
    senders.add_argument("--organization", default="", metavar="REFERENCE")
    senders.add_argument("--from", action="append", default=[], dest="networks", metavar="NETWORK")
    senders.add_argument("--remove", default="", metavar="APPLICATION|FACILITY")


def _verb(verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name)
    verb.add_argument("--data", type=Path, metavar="DIR")
    verb.add_argument("--database", default=os.environ.get("DOORSTEP_DATABASE", ""), metavar="URL")
    return verb


if __name__ == "__main__":
    sys.exit(main())

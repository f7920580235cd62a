"""``python -m build_tools.lock``: pin all that is installed, with hashes, for every supported Python (needs uv)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
HEAD = "# {about}. Made by `python -m build_tools.lock` from pyproject.toml; do not edit.\n"
EDITABLES = "editables"
"""What hatchling asks for when an install is editable."""


def inputs() -> dict[str, tuple[str, list[str]]]:
    """Lock file -> (what it is for, direct requirements)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = [*project["build-system"]["requires"], EDITABLES]
    run = [*project["project"]["dependencies"], *build]
    node = [project["tool"]["doorstep"]["node"]]
    return {
        "run.txt": ("What running and building Doorstep needs", run),
        "dev.txt": ("What its tests need besides", [*run, *project["project"]["optional-dependencies"]["dev"]]),
        "node.txt": ("npm, for a build on a machine that has none", node),
    }


def compile_lock(name: str, about: str, requirements: list[str]) -> None:
    target = LOCKS / name
    # What the tests run against is what is run: the first lock bounds the others.
    bounds = [] if name == "run.txt" else [f"--constraints={LOCKS / 'run.txt'}"]
    done = subprocess.run(
        ["uv", "pip", "compile", "-", "--universal", "--python-version=3.11", "--generate-hashes", *bounds]
        + ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet"],
        input="\n".join(requirements),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(done.stderr)
    target.write_text(HEAD.format(about=about) + done.stdout, encoding="utf-8")


if __name__ == "__main__":
    LOCKS.mkdir(exist_ok=True)
    for name, (about, requirements) in inputs().items():
        compile_lock(name, about, requirements)

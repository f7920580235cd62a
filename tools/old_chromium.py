"""The Chromium of 2020 that the npm package chrome-aws-lambda carries: fetched by its hash, unpacked, kept.

Run alone it prints where.
Township desks run engines of that age; a journey is walked in it where it can be had. Node unpacks it (Brotli).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from build_tools.failure import BuildFailure
from build_tools.package import Lock, find_package, kept_copy, npm

PINNED: Final = Lock(
    "chrome-aws-lambda", "5.3.1",
    "sha512-KklZTy2p2U/86cCh1hKL3PGDqoirQCAg7uejvNIn0rDBkWj4Su4GOjYMRVB3kthLwmnWhh3x63RDBTCAaQ9Q3Q==",
    "chrome-aws-lambda-5.3.1", "Chromium 86",
)  # fmt: skip
FLAGS: Final = ("--single-process", "--no-zygote")
"""What this build needs besides: it was made for machines without a sandbox."""
_UNPACK: Final = (
    "const f = require('fs'), z = require('zlib');"
    "f.createReadStream(process.argv[1]).pipe(z.createBrotliDecompress()).pipe(f.createWriteStream(process.argv[2]));"
)


def find() -> Path:
    """The program, unpacked. Raises BuildFailure with one sentence when it cannot be had."""
    kept = kept_copy(PINNED).with_suffix("") / "chromium"
    if kept.exists():
        return kept
    package = find_package(PINNED)
    command = npm()
    node = Path(command).parent / "node" if command else None
    if node is None or not node.exists():
        raise BuildFailure("Chromium 86 cannot be unpacked: there is no node beside npm.")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        with tarfile.open(package) as packed:
            packed.extract("package/bin/chromium.br", work, filter="data")
        plain = Path(work) / "chromium"
        subprocess.run([str(node), "-e", _UNPACK, str(Path(work) / "package/bin/chromium.br"), str(plain)], check=True)
        plain.chmod(0o755)
        os.replace(plain, kept)
    return kept


if __name__ == "__main__":
    try:
        print(find())
    except BuildFailure as failure:
        sys.exit(str(failure))

"""Exit status 0 when a build would find the definitions without more tools: compiled already, kept, or npm is there."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from build_tools.package import kept_copy, npm, read_lock  # noqa: E402
from build_tools.tables import LOCK, STAMP, TABLES, fingerprint  # noqa: E402

stamp = TABLES / STAMP
compiled = stamp.exists() and stamp.read_text(encoding="utf-8") == fingerprint()
sys.exit(0 if compiled or kept_copy(read_lock(LOCK)).exists() or npm() else 1)

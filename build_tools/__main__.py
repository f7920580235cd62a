"""``python -m build_tools``: what the build hook does, for a source tree that is run in place."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from build_tools.failure import BuildFailure  # noqa: E402
from build_tools.tables import ensure_tables  # noqa: E402
from build_tools.translations import compile_translations  # noqa: E402

try:
    ensure_tables()
    compile_translations(ROOT / "src" / "doorstep" / "locale")
except BuildFailure as failure:
    sys.exit(str(failure))

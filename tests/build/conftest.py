"""What tests of the build share: the official package, as a build would find it."""

from pathlib import Path

import pytest

from build_tools.package import find_package, read_lock
from build_tools.tables import LOCK


@pytest.fixture(scope="session")
def package() -> Path:
    """The verified official package (the copy that the build kept)."""
    return find_package(read_lock(LOCK))

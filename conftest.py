"""What the whole run shares: the throw-away PostgreSQL server and the large budget of generated tests."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.postgres",)

EXAMPLES = int(os.environ.get("DOORSTEP_FUZZ_EXAMPLES", "2000"))
settings.register_profile("fuzz", deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))

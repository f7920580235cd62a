"""What the whole run shares: the throw-away PostgreSQL server and the two budgets of generated tests."""

from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.postgres",)

settings.register_profile("fuzz", deadline=None, max_examples=5_000, suppress_health_check=list(HealthCheck))

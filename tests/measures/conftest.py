"""The district on each engine, as the other tests have it."""

from tests.districts import district, district_on_postgresql, district_on_sqlite, district_url

__all__ = ["district", "district_on_postgresql", "district_on_sqlite", "district_url"]

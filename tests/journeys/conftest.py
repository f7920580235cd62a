"""Journeys run on the demo district."""

from tests.districts import district, district_on_postgresql, district_on_sqlite, district_url

__all__ = ["district", "district_on_postgresql", "district_on_sqlite", "district_url"]

"""Who may see what is tried on the demo district, with officers, residents and a minor besides its staff."""

from tests.districts import district, district_on_postgresql, district_on_sqlite, district_url

__all__ = ["district", "district_on_postgresql", "district_on_sqlite", "district_url"]

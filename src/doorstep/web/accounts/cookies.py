"""What Django keeps for a browser's cookie: by the cookie's hash, so that a copy of the data opens nothing."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as Kept
from django.utils import timezone

from doorstep.kernel.sessions import hashed


def key_of(cookie: str) -> str:
    """What stands in the table for a cookie."""
    return hashed("cookie:" + cookie)[:40]


class SessionStore(Kept):
    """Django's own, except for what the rows are called."""

    def _get_session_from_db(self) -> Any:
        try:
            return self.model.objects.get(session_key=key_of(self.session_key), expire_date__gt=timezone.now())
        except self.model.DoesNotExist:
            self._session_key = None
            return None

    def exists(self, session_key: str) -> bool:
        return bool(self.model.objects.filter(session_key=key_of(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        made = super().create_model_instance(data)
        made.session_key = key_of(made.session_key)
        return made

    def delete(self, session_key: str | None = None) -> None:
        cookie = session_key or self.session_key
        if cookie:
            self.model.objects.filter(session_key=key_of(cookie)).delete()

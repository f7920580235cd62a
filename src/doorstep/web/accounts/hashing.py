"""How passwords are kept: Argon2id (RFC 9106), with the least cost that OWASP's password storage sheet names.

Every sign-in that is tried costs this much memory, so more would let strangers fill the machine.
"""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    memory_cost = 19 * 1024
    time_cost = 2
    parallelism = 1

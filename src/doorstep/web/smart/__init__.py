"""Apps of others: an OAuth 2.0 and OpenID Connect provider with SMART App Launch 2.2, on django-oauth-toolkit.

That library keeps codes, refresh tokens and their rotation in the accounts database. An access token is a session of
the record itself (kernel/sessions.py), read on every request, so that ending one holds at once.
"""

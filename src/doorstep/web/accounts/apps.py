"""The one Django application with tables of its own."""

from django.apps import AppConfig


class Accounts(AppConfig):
    name = "doorstep.web.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

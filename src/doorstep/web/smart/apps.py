"""The Django application with the tables of apps."""

from django.apps import AppConfig


class Smart(AppConfig):
    name = "doorstep.web.smart"
    label = "smart"
    default_auto_field = "django.db.models.BigAutoField"

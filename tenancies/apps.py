from __future__ import annotations

from django.apps import AppConfig


class TenanciesConfig(AppConfig):
    name = "tenancies"
    default_auto_field = "django.db.models.BigAutoField"

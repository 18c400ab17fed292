from __future__ import annotations

from django.urls import path

from communications import views

app_name = "communications"

urlpatterns = [
    path("notifications/", views.notices, name="notices"),
    path("notifications/read-all/", views.read_all, name="read_all"),
    path("notifications/<uuid:pk>/read/", views.read_notice, name="read"),
]

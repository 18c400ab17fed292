from __future__ import annotations

from django.urls import path

from access import views

app_name = "access"

urlpatterns = [
    path("first-run/", views.first_run, name="first_run"),
    path("organisations/switch/", views.switch_organisation, name="switch_organisation"),
    path("account/", views.profile, name="profile"),
    path("settings/members/", views.members, name="members"),
    path("settings/organisation/", views.organisation_settings, name="organisation"),
]

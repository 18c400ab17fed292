from __future__ import annotations

from django.urls import path

from properties import views

app_name = "properties"

urlpatterns = [
    path("properties/new/", views.create, name="create"),
    path("properties/<uuid:property_id>/edit/", views.edit, name="edit"),
    path("properties/<uuid:property_id>/units/new/", views.add_unit, name="add_unit"),
    path("properties/<uuid:property_id>/restore/", views.restore, name="restore"),
]

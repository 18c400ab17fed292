from __future__ import annotations

from django.urls import path

from tenancies import views

app_name = "tenancies"

urlpatterns = [
    path("leases/", views.leases, name="leases"),
    path("leases/<uuid:lease_id>/edit/", views.edit_lease, name="edit_lease"),
    path("leases/<uuid:lease_id>/follow-source/", views.follow_source, name="follow_source"),
    path("tenants/", views.tenants, name="tenants"),
    path("tenants/<uuid:tenant_id>/", views.tenant_detail, name="tenant_detail"),
    path("units/<uuid:unit_id>/offline/", views.unit_offline, name="unit_offline"),
]

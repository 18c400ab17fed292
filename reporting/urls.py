"""Pages that show several layers at once. Those that every app links to have plain names, without a namespace."""

from __future__ import annotations

from django.urls import include, path

from reporting.views import people, portfolio, property_pages, search, today

_PROPERTY = "properties/<uuid:property_id>/"

_reports = ([path("arrears/", people.arrears, name="arrears")], "reporting")

urlpatterns = [
    path("", today.today, name="dashboard"),
    path("search/", search.search, name="search"),
    path("properties/", portfolio.property_list, name="property_list"),
    path("properties/archive/", portfolio.archive_properties, name="archive_properties"),
    path(_PROPERTY, property_pages.overview, name="property_detail"),
    path(_PROPERTY + "units/", property_pages.units, name="property_units"),
    path(_PROPERTY + "leases/", property_pages.leases, name="property_leases"),
    path(_PROPERTY + "money/", property_pages.money, name="property_money"),
    path(_PROPERTY + "work-orders/", property_pages.work_orders, name="property_work_orders"),
    path(_PROPERTY + "source/", property_pages.source, name="property_source"),
    path(_PROPERTY + "archive/", portfolio.archive_property, name="archive_property"),
    path("leases/<uuid:lease_id>/", people.lease_detail, name="lease_detail"),
    path("", include(_reports)),
]

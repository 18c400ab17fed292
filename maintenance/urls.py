from __future__ import annotations

from django.urls import path

from maintenance import views

app_name = "maintenance"

urlpatterns = [
    path("work-orders/", views.work_order_list, name="work_order_list"),
    path("work-orders/new/", views.work_order_add, name="work_order_add"),
    path("work-orders/job/<uuid:connection_id>/<path:job_ref>", views.by_job, name="by_job"),
    path("work-orders/<uuid:work_order_id>/", views.work_order_detail, name="work_order_detail"),
    path("work-orders/<uuid:work_order_id>/edit/", views.work_order_edit, name="work_order_edit"),
]

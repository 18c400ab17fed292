from __future__ import annotations

from django.urls import path

from maintenance.views import assign, board, links, requests, steps, vendors, work_orders

app_name = "maintenance"

_ORDER = "work-orders/<uuid:work_order_id>/"

urlpatterns = [
    path("work-orders/", work_orders.work_order_list, name="work_order_list"),
    path("work-orders/new/", work_orders.work_order_add, name="work_order_add"),
    path("work-orders/board/", board.board, name="board"),
    path("work-orders/calendar/", board.calendar, name="calendar"),
    path("vendors/rules/", vendors.rules, name="rules"),
    path("vendors/rules/categories/", vendors.category_add, name="category_add"),
    path("vendors/rules/categories/<uuid:category_id>/retire/", vendors.category_retire, name="category_retire"),
    path("work-orders/job/<uuid:connection_id>/<path:job_ref>", work_orders.by_job, name="by_job"),
    path("work-orders/files/<uuid:attachment_id>/", steps.file, name="file"),
    path("work-orders/offers/<uuid:offer_id>/withdraw/", steps.withdraw, name="offer_withdraw"),
    path("work-orders/quotes/<uuid:quote_id>/", steps.decide, name="quote_decide"),
    path(_ORDER, work_orders.work_order_detail, name="work_order_detail"),
    path(_ORDER + "edit/", work_orders.work_order_edit, name="work_order_edit"),
    path(_ORDER + "move/", steps.move, name="move"),
    path(_ORDER + "assign/", assign.assign, name="assign"),
    path(_ORDER + "comments/", steps.comment, name="comment_add"),
    path(_ORDER + "files/", steps.add_file, name="file_add"),
    path(_ORDER + "rating/", steps.rate, name="rate"),
    path("maintenance-requests/", requests.request_list, name="request_list"),
    path("maintenance-requests/new/", requests.request_add, name="request_add"),
    path("maintenance-requests/<uuid:request_id>/", requests.request_detail, name="request_detail"),
    path("maintenance-requests/<uuid:request_id>/work-order/", requests.request_convert, name="request_convert"),
    path("maintenance-requests/<uuid:request_id>/dismiss/", requests.request_dismiss, name="request_dismiss"),
    path("vendors/", vendors.vendor_list, name="vendor_list"),
    path("vendors/new/", vendors.vendor_add, name="vendor_add"),
    path("vendors/<uuid:vendor_id>/", vendors.vendor_detail, name="vendor_detail"),
    path("vendors/<uuid:vendor_id>/edit/", vendors.vendor_edit, name="vendor_edit"),
    # Without an account: the secret names one offer, or one question to an owner.
    path("jobs/<str:secret>/", links.vendor_link, name="vendor_link"),
    path("jobs/<str:secret>/files/<uuid:attachment_id>/", links.vendor_file, name="vendor_file"),
    path("approvals/<str:secret>/", links.owner_link, name="owner_link"),
]

"""The database API v0: lists with their filters and pages, and POST /work_orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from integrations.sandbox.wire import Request, Response, json_response

from .generator import new_work_order
from .world import Row, World

MAX_PAGE = 1000
# These two lists demand no filter.
UNFILTERED = ("leases", "gl_accounts")
FILTERS = ("LastUpdatedAtFrom", "Id", "IncludeHidden", "Status", "PropertyId")
LISTS: dict[str, Callable[[World], list[Row]]] = {
    **{
        name: (lambda world, name=name: list(world.tables[name].values()))  # type: ignore[misc]
        for name in ("properties", "units", "tenants", "leases", "owners", "vendors", "work_orders", "bills", "charges",
                     "gl_accounts")
    },
    "delinquent_charges": World.delinquent,
}  # fmt: skip
PRIORITIES = ("Urgent", "Normal", "Low")


class ApiError(Exception):
    """Becomes an error answer in the vendor's shape."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def error_response(status: int, message: str, **headers: str) -> Response:
    """An error in the vendor's shape; 404 has one of its own."""
    if status == 404:
        return json_response({"status": 404, "error": "Not Found"}, 404)
    return json_response({"code": status, "message": message}, status, **headers)


def list_rows(world: World, name: str, request: Request) -> Response:
    """Answer a list. Raises ApiError for what the vendor would refuse."""
    query = request.query
    filters = _filters(query)
    if name not in UNFILTERED and not {"LastUpdatedAtFrom", "Id"} & filters.keys():
        raise ApiError(400, "One of filters[LastUpdatedAtFrom] or filters[Id] is required.")
    number, size = _whole(query, "page[number]", 1), _whole(query, "page[size]", MAX_PAGE)
    if size > MAX_PAGE:
        raise ApiError(400, f"page[size] must be at most {MAX_PAGE}.")
    with world.lock:
        rows = [row for row in LISTS[name](world) if _fits(row, filters)]
        page = [dict(row) for row in rows[(number - 1) * size : number * size]]
    following = None
    if number * size < len(rows):
        following = f"{request.path}?{urlencode({**query, 'page[number]': number + 1, 'page[size]': size})}"
    return json_response({"data": page, "next_page_path": following})


def _filters(query: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in query.items():
        if not name.startswith("filters["):
            if name not in ("page[number]", "page[size]"):
                raise ApiError(400, f"Unknown parameter {name}.")
            continue
        field = name[8:-1]
        if field not in FILTERS:
            raise ApiError(400, f"Unknown filter {field}.")
        if field == "LastUpdatedAtFrom":
            found[field] = _moment(value)
        elif field == "IncludeHidden":
            found[field] = value == "true"
        else:
            found[field] = set(value.split(","))
    return found


def _fits(row: Row, filters: dict[str, Any]) -> bool:
    if row.get("HiddenAt") and not filters.get("IncludeHidden"):
        return False
    since = filters.get("LastUpdatedAtFrom")
    if since is not None and _moment(row["LastUpdatedAt"]) < since:
        return False
    return all(row.get(name) in filters[name] for name in ("Id", "Status", "PropertyId") if name in filters)


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ApiError(400, f"{value!r} is not an ISO 8601 date-time.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _whole(query: dict[str, str], name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not value.isdigit() or int(value) < 1:
        raise ApiError(400, f"{name} must be a positive number.")
    return int(value)


def create_work_order(world: World, body: Row) -> Response:
    """Make a work order. Raises ApiError 422 for what the vendor would not take."""
    known = {
        "PropertyId", "UnitId", "VendorId", "JobDescription", "Priority", "VendorInstructions", "PermissionToEnter",
        "TenantRemarks", "OccupancyId", "RequestingTenantId", "ScheduledStart", "ScheduledEnd", "Status",
    }  # fmt: skip
    if unknown := sorted(body.keys() - known):
        raise ApiError(422, f"Unknown fields: {', '.join(unknown)}.")
    with world.lock:
        if body.get("PropertyId") not in world.tables["properties"]:
            raise ApiError(422, "PropertyId must be the id of a property.")
        unit = world.tables["units"].get(str(body.get("UnitId")))
        if body.get("UnitId") and (unit is None or unit["PropertyId"] != body["PropertyId"]):
            raise ApiError(422, "UnitId must be a unit of the property.")
        if body.get("VendorId") and body["VendorId"] not in world.tables["vendors"]:
            raise ApiError(422, "VendorId must be the id of a vendor.")
        if not body.get("JobDescription"):
            raise ApiError(422, "JobDescription is required.")
        if body.get("Priority", "Normal") not in PRIORITIES:
            raise ApiError(422, f"Priority must be one of {', '.join(PRIORITIES)}.")
        place = unit or {"Id": None, "PropertyId": body["PropertyId"], "CurrentOccupancyId": None}
        row = new_work_order(
            world, unit=place, issue=str(body["JobDescription"]), vendor=body.get("VendorId"), on=world.today
        )
        status = "Assigned" if body.get("VendorId") else "New"
        more = {name: body[name] for name in ("Priority", "VendorInstructions", "TenantRemarks") if name in body}
        world.change("work_orders", row["Id"], Status=status, **more)
    return json_response({"Id": row["Id"], "Link": row["Link"]}, 201)

"""The Reports API v2: reports by POST, numbers for ids, pages behind an address that is not counted."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from integrations.sandbox.wire import Request, Response, json_response

from .api import ApiError
from .world import Row, World, dollars


class ReportDesk:
    """Answers reports, `page_size` rows a page. `unlinked` has tenants whose integration id the report lacks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.page_size = 1000
        self.unlinked: set[str] = set()
        self._kept: dict[str, list[Row]] = {}

    def answer(self, report: str, request: Request) -> Response:
        """A report, or its next page. Raises ApiError."""
        if request.method == "GET":
            kept = self._kept.get(request.query.get("token", ""))
            if kept is None:
                raise ApiError(404, "")
            return self._page(request, kept, int(request.query.get("from", "0")), request.query["token"])
        rows = {"tenant_directory": self._directory, "tenant_ledger": self._ledger}.get(report)
        if rows is None:
            raise ApiError(404, "")
        body = request.json()
        with self.world.lock:
            found = rows(body)
        if body.get("columns"):
            found = [{name: row.get(name) for name in body["columns"]} for row in found]
        if body.get("paginate_results") is False:
            return json_response(found)
        token = f"{report}-{len(self._kept) + 1}"
        self._kept[token] = found
        return self._page(request, found, 0, token)

    def _page(self, request: Request, rows: list[Row], start: int, token: str) -> Response:
        stop = start + self.page_size
        following = None
        if stop < len(rows):
            following = f"{request.base_url}{request.path}?{urlencode({'token': token, 'from': stop})}"
        return json_response({"results": rows[start:stop], "next_page_url": following})

    def _directory(self, body: Row) -> list[Row]:
        world = self.world
        rows = []
        for tenant in world.tables["tenants"].values():
            if tenant["HiddenAt"] and body.get("tenant_visibility", "active") == "active":
                continue
            unit = world.tables["units"].get(tenant["UnitId"], {})
            place = world.tables["properties"].get(tenant["PropertyId"], {})
            linked = None if tenant["Id"] in self.unlinked else tenant["Id"]
            rows.append(
                {
                    "occupancy_id": world.number(tenant["OccupancyId"]),
                    "selected_tenant_id": world.number(tenant["Id"]),
                    "property_id": world.number(tenant["PropertyId"]),
                    "unit_id": world.number(tenant["UnitId"]),
                    "property_name": place.get("Name"),
                    "unit": unit.get("Name"),
                    "tenant": f"{tenant['LastName']}, {tenant['FirstName']}",
                    "first_name": tenant["FirstName"],
                    "last_name": tenant["LastName"],
                    "company_name": None,
                    "tenant_birthdate": tenant["BirthDate"],
                    "status": tenant["Status"],
                    "move_in": tenant["MoveInOn"],
                    "move_out": tenant["MoveOutOn"],
                    "rent": tenant["CurrentRent"],
                    "occupancy_import_uid": None,
                    "tenant_integration_id": linked,
                }
            )
        return rows

    def _ledger(self, body: Row) -> list[Row]:
        wanted = (body.get("parties_ids") or {}).get("occupancies_ids")
        if not wanted or not isinstance(wanted, list):
            raise ApiError(400, "parties_ids.occupancies_ids is required.")
        start, end = (_day(body.get(name), name) for name in ("occurred_on_from", "occurred_on_to"))
        numbers = {str(number) for number in wanted}
        lines: list[tuple[str, Row]] = []
        for occupancy in [ident for ident, number in self.world.numbers.items() if str(number) in numbers]:
            lines += [
                (charge["ChargedOn"], _line(charge["Description"], debit=charge["AmountDue"]))
                for charge in self.world.tables["charges"].values()
                if charge["OccupancyId"] == occupancy
            ]
            for paid in self.world.payments.get(occupancy, []):
                side = {"debit" if paid["cents"] < 0 else "credit": dollars(abs(paid["cents"]))}
                lines.append((paid["date"], _line(paid["description"], payer=paid["payer"], **side)))
        lines.sort(key=lambda item: item[0])
        return [{"date": on, **line} for on, line in lines if start.isoformat() <= on <= end.isoformat()]


def _line(told: str, *, payer: str | None = None, debit: str | None = None, credit: str | None = None) -> Row:
    return {"payer": payer, "description": told, "debit": debit, "credit": credit, "credit_debit_balance": None}


def _day(value: Any, name: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ApiError(400, f"{name} is required, as YYYY-MM-DD.") from None

"""Lists of the database API: the filter each of them demands, and the way from page to page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from integrations.errors import ContractChanged, NotAllowed, ProviderPaused
from integrations.http import HttpClient
from integrations.providers.appfolio.edge import scrub

Row = dict[str, Any]
PAGE_SIZE = 1000
# The day that the vendor's own guide names for a first import.
BEGINNING = "1970-01-01T00:00:00Z"
# A list gives no order and may shift while it is read, and clocks differ: what changed in the last hour is read again.
OVERLAP = timedelta(hours=1)
# Ids asked for at once; a hundred UUIDs are well below the length of an address that servers take.
IDS_AT_ONCE = 100
VENDOR_ZONE = ZoneInfo("America/Los_Angeles")
WINDOW_FROM, WINDOW_TO = 21, 4


class DatabaseApi:
    """Reads AppFolio's lists. What may not be kept is gone from each row before anything else sees it."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._base = urlsplit(http.base_url).path

    def changed(self, path: str, since: str = BEGINNING) -> Iterator[list[Row]]:
        """Pages of the rows of a list that changed at or after a moment, hidden ones included."""
        return self._walk(path, {"filters[LastUpdatedAtFrom]": since, "filters[IncludeHidden]": "true"})

    def all(self, path: str) -> list[Row]:
        """Every row of a list, hidden ones included, each once: a list that shifts shows a row on two pages."""
        rows = (row for page in self.changed(path) for row in page)
        return list({row.get("Id"): row for row in rows}.values())

    def whole(self, path: str) -> list[Row]:
        """Every row of one of the few lists that demand no filter."""
        return [row for page in self._walk(path, {}) for row in page]

    def all_allowed(self, path: str) -> list[Row] | None:
        """Every row of a list that AppFolio gives to some credentials only; None where it does not give it to these."""
        try:
            return self.all(path)
        except NotAllowed:
            return None

    def by_ids(self, path: str, ids: Iterable[str]) -> Iterator[Row]:
        """The rows with these ids, hidden ones included; an id that is not there has no row."""
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), IDS_AT_ONCE):
            some = ",".join(wanted[start : start + IDS_AT_ONCE])
            for page in self._walk(path, {"filters[Id]": some, "filters[IncludeHidden]": "true"}):
                yield from page

    def first_page(self, path: str) -> list[Row]:
        """One row at most: enough to see that the credentials work."""
        answer = self._get(path, {"filters[LastUpdatedAtFrom]": BEGINNING, "page[number]": 1, "page[size]": 1})
        return _rows(answer, path)

    def _walk(self, path: str, filters: dict[str, str]) -> Iterator[list[Row]]:
        answer = self._get(path, {**filters, "page[number]": 1, "page[size]": PAGE_SIZE})
        seen: set[str] = set()
        while True:
            yield _rows(answer, path)
            following = answer.get("next_page_path")
            if not following:
                return
            if following in seen:
                raise ContractChanged(
                    "AppFolio repeats a page of its list instead of going on, so the rest could not be read.",
                    detail=f"{path} names a next page that was read before.",
                )
            seen.add(following)
            answer = self._get(self._below_base(following, path), None)

    def _below_base(self, following: Any, path: str) -> str:
        """The path of the next page, to be joined to our own base address: whatever it says, no other host is asked."""
        parts = urlsplit(following) if following.__class__ is str else None
        if (
            parts is None
            or parts.scheme
            or parts.netloc
            or following.startswith("//")
            or not parts.path.startswith(f"{self._base}/")
            or ".." in unquote(parts.path).split("/")
            or "\\" in following
        ):
            raise ContractChanged(detail=f"{path} names a next page outside of the API: {following!r:.200}")
        return str(following[len(self._base) :])

    def _get(self, path: str, params: dict[str, str | int] | None) -> Any:
        try:
            return self._http.get_json(path, params)
        except ProviderPaused as error:
            raise in_words(error, now=now()) from error


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def in_words(error: ProviderPaused, *, now: datetime) -> ProviderPaused:
    """The same pause with its end: AppFolio's nightly window is from 9 pm to 4 am Pacific time.

    Outside of the window an hour is waited, or as long as AppFolio said.
    """
    local = now.astimezone(VENDOR_ZONE)
    if WINDOW_TO <= local.hour < WINDOW_FROM:
        wait = error.retry_after or 3600.0
        return ProviderPaused(
            "AppFolio does not give out data at the moment. The sync is tried again by itself within the hour.",
            detail=error.detail,
            retry_after=wait,
        )
    end = local.replace(hour=WINDOW_TO, minute=0, second=0, microsecond=0)
    if local.hour >= WINDOW_FROM:
        end += timedelta(days=1)
    wait = (end.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
    return ProviderPaused(
        "AppFolio is in its nightly maintenance, from 9 pm to 4 am Pacific time, and gives out no data. "
        "The sync is started again by itself when that is over.",
        detail=error.detail,
        retry_after=max(wait, 60.0),
    )


def newest(rows: Iterable[Row], so_far: str) -> str:
    """The latest moment of change among the rows and the one so far, in UTC; blank where none is known.

    Never later than now: a moment in the future would hide every change until then.
    """
    found = [moment for row in rows if (moment := _utc(row.get("LastUpdatedAt"))) is not None]
    before = _utc(so_far)
    known = [*found, *([before] if before else [])]
    return min(max(known), datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ") if known else ""


def since(cursor: str) -> str:
    """From where changes are read again after a cursor."""
    moment = _utc(cursor)
    return BEGINNING if moment is None else (moment - OVERLAP).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    if not 1971 <= moment.year <= 2100:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _rows(answer: Any, path: str) -> list[Row]:
    # Never what the answer holds: it may be a tenant's social security number.
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise ContractChanged(detail=f"{path} did not answer an object with a list called data.")
    rows: list[Row] = answer["data"]
    if not all(row.__class__ is dict for row in rows):
        raise ContractChanged(detail=f"{path} did not answer a list of objects.")
    for row in rows:
        scrub(row)
    return rows

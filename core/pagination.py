"""Keyset pages: a page begins after the last row of the one before, so a deep page costs what the first costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Expression, F, Func, Q, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.http import QueryDict

R = TypeVar("R")
PAGE_SIZE = 50
AFTER, BEFORE = "after", "before"

# Tokens are signed: what comes back has the types that went out, so no tampered value reaches the database.
_signer = Signer(salt="core.pagination")
_WRITE: dict[type, tuple[str, Callable[[Any], Any]]] = {
    str: ("s", str),
    int: ("i", int),
    bool: ("b", bool),
    Decimal: ("n", str),
    datetime: ("t", datetime.isoformat),
    date: ("d", date.isoformat),
    UUID: ("u", str),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "s": str,
    "i": int,
    "b": bool,
    "n": Decimal,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "u": UUID,
}


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[R]):
    """Rows of one page and the query strings of its neighbours ("" where there is none)."""

    items: list[R]
    newer_url: str
    older_url: str

    @property
    def is_only(self) -> bool:
        """Whether everything there is stands on this page."""
        return not self.newer_url and not self.older_url


class _RowBeyond(Func):
    """SQL row comparison `(a, b) > (x, y)`: PostgreSQL answers it from one index scan."""

    output_field = BooleanField()

    def __init__(self, names: Sequence[str], values: Sequence[Any], *, sign: str) -> None:
        super().__init__(*map(F, names), *map(Value, values))
        self.sign = sign

    def as_sql(  # type: ignore[override]  # the stubs narrow parameters and keywords that Django leaves open
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, tuple[Any, ...]]:
        parts = [compiler.compile(cast(Expression, item)) for item in self.get_source_expressions()]
        half = len(parts) // 2
        left, right = (", ".join(sql for sql, _ in side) for side in (parts[:half], parts[half:]))
        return f"({left}) {self.sign} ({right})", tuple(value for _, values in parts for value in values)


def sort_order(params: QueryDict, allowed: Mapping[str, Sequence[str]], *, default: str) -> tuple[str, ...]:
    """The order asked for by `?sort=key` or `?sort=-key`; an unknown key means the default.

    `allowed` maps the key to order fields of its ascending direction.
    """
    asked = params.get("sort", default)
    if asked.removeprefix("-") not in allowed:
        asked = default
    fields = allowed[asked.removeprefix("-")]
    return tuple(map(_turned, fields)) if asked.startswith("-") else tuple(fields)


def keyset_page(
    queryset: QuerySet[Any, R], *, order: Sequence[str], params: QueryDict, size: int = PAGE_SIZE
) -> KeysetPage[R]:
    """One page of `queryset` in `order`, at the place that `params` (`request.GET`) names.

    `order` is as for order_by(); `id` is appended so that the order is total. Its columns must not be null: annotate
    with Coalesce where they may be. Two related rows are reached with `__` and want select_related. One query; a
    token that is damaged, belongs to another order, or leads past the end shows the first page.
    """
    names = _with_id(order)
    direction, values = _place(names, params)
    if direction == BEFORE:
        rows = list(_beyond(queryset, tuple(map(_turned, names)), values)[: size + 1])
        if len(rows) > size:
            items = rows[size - 1 :: -1]
            return KeysetPage(items, _link(names, items, BEFORE, params), _link(names, items, AFTER, params))
        values = []
    rows = list(_beyond(queryset, names, values)[: size + 1])
    if values and not rows:
        values = []
        rows = list(_beyond(queryset, names, values)[: size + 1])
    items = rows[:size]
    return KeysetPage(
        items,
        _link(names, items, BEFORE, params) if values else "",
        _link(names, items, AFTER, params) if len(rows) > size else "",
    )


def capped_count(queryset: QuerySet[Any, Any], *, cap: int = 1000) -> tuple[int, bool]:
    """(rows, whether there are more than `cap`): a count that never reads further than the cap."""
    found = queryset.order_by().values("pk")[: cap + 1].count()
    return min(found, cap), found > cap


def _with_id(order: Sequence[str]) -> tuple[str, ...]:
    if any(name.removeprefix("-") in ("id", "pk") for name in order):
        return tuple(order)
    return (*order, "-id" if order and order[-1].startswith("-") else "id")


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _beyond(queryset: QuerySet[Any, R], names: Sequence[str], values: Sequence[Any]) -> QuerySet[Any, R]:
    ordered = queryset.order_by(*names)
    if not values:
        return ordered
    down = [name.startswith("-") for name in names]
    plain = [name.removeprefix("-") for name in names]
    if len(set(down)) == 1:
        return ordered.filter(_RowBeyond(plain, values, sign="<" if down[0] else ">"))
    condition, equal = Q(), Q()
    for name, value, falls in zip(plain, values, down, strict=True):
        condition |= equal & Q(**{f"{name}__{'lt' if falls else 'gt'}": value})
        equal &= Q(**{name: value})
    return ordered.filter(condition)


def _place(names: Sequence[str], params: QueryDict) -> tuple[str, list[Any]]:
    for direction in (AFTER, BEFORE):
        token = params.get(direction)
        if not token:
            continue
        try:
            order, pairs = _signer.unsign_object(token)
        except (BadSignature, ValueError):
            continue
        if order == ",".join(names):
            return direction, [_READ[kind](value) for kind, value in pairs]
    return "", []


def _link(names: Sequence[str], items: Sequence[Any], direction: str, params: QueryDict) -> str:
    row = items[0] if direction == BEFORE else items[-1]
    pairs = []
    for name in names:
        kind, write = _WRITE[type(_value(row, name.removeprefix("-")))]
        pairs.append([kind, write(_value(row, name.removeprefix("-")))])
    query = params.copy()
    for old in (AFTER, BEFORE):
        query.pop(old, None)
    query[direction] = _signer.sign_object([",".join(names), pairs])
    return f"?{query.urlencode()}"


def _value(row: Any, name: str) -> Any:
    if isinstance(row, Mapping):
        return row[name]
    value = row
    for part in name.split("__"):
        value = getattr(value, part)
    return value

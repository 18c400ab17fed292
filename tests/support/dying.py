"""A process that dies in the middle of its work, played in this one: from one statement on, none is carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


class Killed(BaseException):
    """Not an Exception: a dead process runs no error handling either, so nothing may catch this and go on."""


@contextmanager
def dying_at(statement: int) -> Iterator[None]:
    """Lets `statement` - 1 SQL statements of this thread through and refuses all later ones; swallows the death."""
    done = 0

    def refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal done
        done += 1
        if done >= statement:
            raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        try:
            yield
        except Killed:
            assert not connection.in_atomic_block

"""The register of everything that can be done to an agency from outside: by name, so that it can be journalled."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from integrations.sandbox.wire import SandboxError

F = TypeVar("F", bound=Callable[..., Any])
OPERATIONS: dict[str, Callable[..., Any]] = {}


def operation(function: F) -> F:
    """Register a function ``f(agency, **arguments)`` under its own name."""
    OPERATIONS[function.__name__] = function
    return function


def find(name: str, agency: object, arguments: dict[str, Any]) -> Callable[..., Any]:
    """Return an operation after checking that the arguments fit it; raises SandboxError otherwise."""
    found = OPERATIONS.get(name)
    if found is None:
        raise SandboxError(f"Unknown operation {name!r}; known: {', '.join(sorted(OPERATIONS))}.")
    try:
        inspect.signature(found).bind(agency, **arguments)
    except TypeError as error:
        raise SandboxError(f"{name}: {error}.") from error
    return found


def describe() -> dict[str, str]:
    """Return each operation with its arguments, for people."""
    return {
        name: str(inspect.signature(found)).split("agency: Agency")[-1].strip(", ")
        for name, found in OPERATIONS.items()
    }

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from tests.integrations.conformance import Conformance, Subject, pytest_params


@pytest.fixture(scope="module", params=pytest_params())
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Each provider of the registry, on what its tests offer to be read."""
    with importlib.import_module(f"tests.integrations.providers.{request.param}.subject").open_subject() as opened:
        yield opened


class TestProviders(Conformance):
    """Every provider of the registry."""

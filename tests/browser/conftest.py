"""The product as a person meets it: pages in a browser, a worker process, and the sandbox vendor."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from access.models import User
from integrations.sandbox import SandboxServer
from tests.factories.access import PASSWORD

WORKER = ["-m", "celery", "--app", "config.celery", "worker", "--pool", "solo", "--loglevel", "INFO"]


@pytest.fixture
def vendor(settings: Settings, live_server: LiveServer) -> Iterator[SandboxServer]:
    """A sandbox vendor with two small agencies, which the settings name as PropertyMe."""
    with SandboxServer(lots=6, years=0.3, seed=11, agencies=2) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        settings.PUBLIC_URL = live_server.url
        cache.clear()
        yield server


@pytest.fixture
def worker(vendor: SandboxServer, process_environment: dict[str, str]) -> Iterator[None]:
    """A worker that carries out what the pages ask for; ready when this fixture is."""
    environment = process_environment | {"PROPERTYME_API_URL": vendor.api_url, "PROPERTYME_AUTH_URL": vendor.url}
    process = subprocess.Popen(
        [sys.executable, *WORKER, "--without-gossip", "--without-mingle"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = []
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if " ready." in line:
                break
        else:
            raise AssertionError("The worker did not start:\n" + "".join(said))
        # Goes on reading in a process of its own, so that a full pipe never holds the worker up.
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        yield
        process.terminate()
        process.wait(timeout=30)
        drain.wait(timeout=30)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


@pytest.fixture
def sign_in(live_server: LiveServer) -> Callable[[Page, User], None]:
    """Signs a person in through the sign-in page."""

    def work(page: Page, user: User) -> None:
        page.goto(f"{live_server.url}/accounts/login/")
        page.locator("input[name=login]").fill(user.email)
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/accounts/login/" not in url)

    return work

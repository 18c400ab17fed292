from __future__ import annotations

pytest_plugins = ["tests.support.servers", "tests.support.browser", "tests.fixtures.cast", "tests.support.smtp"]

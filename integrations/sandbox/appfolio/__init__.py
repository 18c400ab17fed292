"""AppFolio as a sandbox vendor: one customer database behind the database API (v0) and the Reports API (v2).

Addresses, below that of the sandbox
    /appfolio/api/v0                        the database API
    /appfolio/hosts/HOST/api/v0             the same, for a host of one's own
    /appfolio/hosts/HOST/api/v2/reports     the Reports API
    /appfolio/.well-known/jwks.json         the public keys of webhooks
Credentials: CLIENT_ID, CLIENT_SECRET, DEVELOPER_ID; for reports REPORTS_ID, REPORTS_SECRET (`vendor.py`). HOST is
"sandbox".

In a test: ``server.appfolio`` has ``edit("pay", …)``, ``advance(days=3)``, ``rows("tenants")``, ``row("tenants", ID)``,
``maintenance`` (533), ``limits_on``, ``misbehave("commit_then_hang", times=1, seconds=5)``, ``forbidden`` (paths that
answer 403) and ``page_size`` of reports. As JSON: ``POST /_sandbox/appfolio/edit|advance|settings``,
``GET /_sandbox/appfolio/state``.
"""

from __future__ import annotations

from .vendor import AppFolioVendor

__all__ = ["AppFolioVendor"]

"""The sandbox: vendors to connect to, in a process of their own, that behave as their published contracts say.

No Django here, and nothing of the product: only the standard library and orjson. ``propertyme/``, ``buildium/`` and
``appfolio/`` are the vendors; OAuth, faults and the wire know nothing of them. Buildium is below ``/buildium`` of the
same address, AppFolio below ``/appfolio``; each is made when first asked for, and the fault switches act on it by path
(``/buildium/*``). What AppFolio offers to tests is in the docstring of its package.

As a process
    python -m integrations.sandbox --port 8811 --lots 40 --years 2 --seed 7 [--agencies 2] [--ledger line|derived]
        [--today YYYY-MM-DD] [--state FILE]
    PROPERTYME_AUTH_URL = http://127.0.0.1:8811    PROPERTYME_API_URL = http://127.0.0.1:8811/api
    client id ``sandbox-client``, secret ``sandbox-secret``; a page for people at ``/``.
    BUILDIUM_API_URL = http://127.0.0.1:8811/buildium    keys ``buildium-sandbox-id``, ``buildium-sandbox-secret``

In a test (ephemeral port, thread of its own; the agencies' today is 30 June 2026)
    with SandboxServer(lots=6, years=0.5, seed=1, ledger="line", agencies=2) as server:
        server.url, server.api_url              # addresses
        server.grant(agency=0, scope="…")       # a token answer without consent: access_token, refresh_token, …
        server.vendor.advance(days=3)           # -> {"receipts": 4, "bills": 2, "jobs": 0, "tenancies": 0}
        server.vendor.edit("void_receipt", record=ID)      # any operation, see server.vendor.operations()
        server.vendor.records("receipts", offset=0, limit=100); server.vendor.record("lots", ID)
        server.vendor.ledger = "derived"        # at any time
        server.vendor.agencies[1].advance(days=1)          # another agency; also edit(…, agency=1), records(…)
        server.faults.add("rate_limited", path="/api/v1/lots", times=2, skip=0, retry_after=1) -> Fault(id, hits, …)
        server.faults.clear(); server.faults.latency_ms = 20
        server.requests.count("/api/v1/lots"); server.requests.counts; server.requests.entries; server.requests.clear()
        server.expire_access_tokens(); server.revoke(agency=0)
        server.oauth.tokens.expires_in = 60; server.oauth.tokens.rotate_refresh = True
        server.oauth.settings.client_auth = "basic"        # or "post", "both"
        server.stop(); server.start()           # an outage: the same port refuses, then answers again
        server.buildium_url; server.buildium.edit("pay_rent", amount=50)     # its operations: ``buildium/staff.py``
        server.buildium.world; server.buildium.at_once = 10; server.buildium.per_second = 10; .latency_ms; .withdrawn

For benchmarks
    ``bench.BenchProvider`` / ``bench.BenchProcess``: pre-serialised pages of receipts in the same shape.

Controls (JSON; no token, loopback only; an error is 400 ``{"error": …}``)
    GET  /_sandbox/state             agencies with sizes and today, settings, active faults, all kinds and operations
    GET  /_sandbox/records           ?resource=receipts|bills|lots|contacts|tenancies|balances|jobs
                                     with &agency=&offset=&limit= or &record=ID
    GET  /_sandbox/requests          ?last=100 -> counts per path and the last entries;  POST /_sandbox/requests/clear
    POST /_sandbox/advance           {"days": 1, "agency": null = all}
    POST /_sandbox/edit              {"op": NAME, "agency": 0, …arguments of the operation} -> {"op", "result"}
    GET  /_sandbox/faults
    POST /_sandbox/faults            {"kind": KIND, "path": "/api/*", "times": null, "skip": 0, "method": null, …params}
    POST /_sandbox/faults/clear      {} or {"id": 3}
    POST /_sandbox/settings          any of {"ledger": "line|derived", "latency_ms", "expires_in", "rotate_refresh",
                                     "client_auth": "both|basic|post"}
    POST /_sandbox/grant             {"agency": 0, "scope": ""} -> token answer
    GET  /_sandbox/buildium/state;  POST /_sandbox/buildium/edit {"op": NAME, "account": 0, …arguments}
    POST /_sandbox/buildium/settings any of {"at_once": 10, "per_second": 0, "latency_ms": 0, "withdrawn": []}
    POST /_sandbox/tokens/expire     {};  POST /_sandbox/tokens/revoke {"agency": null = all}

Fault kinds: ``faults.KINDS``. Row mutations: ``mutations.MUTATIONS`` and LIST_MUTATIONS (fault ``mutate_rows``,
operation ``mutate``). Operations of PropertyMe: ``propertyme/edits.py`` (money, days), ``staff.py`` (lots, leases,
jobs), ``tamper.py`` (vanish, duplicate, patch, mutate, heal).

What the PropertyMe rows mean, where the contract leaves it open
    receipts  ``Type`` is ``Rent``, or ``Bond`` (a deposit, no income). From/To are days of TransactionDate, both
              included; a void row stays listed with IsVoid true. PaidFrom/PaidTo are the first and last day paid for.
    bills     ``Status`` is ``Unpaid``, ``Paid`` (with PaidOn) or ``Cancelled``. Amount includes TaxAmount (GST).
    balances  TotalRentPaid rises with each rent receipt and falls by a void; a bond is not in it. UpdatedOn follows.
    jobs      ``QuoteId`` is there once a quotation was accepted; /quotations answers one object, 404 without one.
    errors    a required parameter missing is 502, a bad one 400, a missing scope 403, an unknown path 404; in derived
              mode GET /v1/dashboards/transactions is 404 and GET /v1/bills 405. Null values are left out of rows.
"""

from __future__ import annotations

from .server import SandboxServer

__all__ = ["SandboxServer"]

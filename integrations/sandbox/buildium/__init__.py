"""Buildium as a sandbox vendor, after its published OpenAPI document: an American agency behind two header keys.

``world`` is the agency and the passing of its days, ``life`` what happens on a day, ``rows`` the shapes of its records,
``staff`` what its people do, ``api`` the lists and their filters, ``vendor`` the keys, the limits and the errors.
"""

from __future__ import annotations

from .vendor import KEYS, PREFIX, BuildiumVendor, open_vendor

__all__ = ["KEYS", "PREFIX", "BuildiumVendor", "open_vendor"]

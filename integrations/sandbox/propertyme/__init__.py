"""The PropertyMe vendor of the sandbox."""

from __future__ import annotations

from .vendor import READ_SCOPE, PropertyMeVendor
from .world import Agency

__all__ = ["READ_SCOPE", "Agency", "PropertyMeVendor"]

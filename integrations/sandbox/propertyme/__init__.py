"""The PropertyMe vendor of the sandbox."""

from __future__ import annotations

from .vendor import PropertyMeVendor
from .world import Agency

__all__ = ["Agency", "PropertyMeVendor"]

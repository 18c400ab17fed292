"""The page that shows every component at once, with made-up figures; registered where settings.STYLEGUIDE is on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.charts import Bars
from core.ports import SourceBadge

_MONTHS = (
    ("D", "December 2025", "62100", "18400"),
    ("J", "January 2026", "64000", "15200"),
    ("F", "February 2026", "62800", "22300"),
    ("M", "March 2026", "66050", "17100"),
    ("A", "April 2026", "68400", "19000"),
    ("M", "May 2026", "67100", "31200"),
    ("J", "June 2026", "70300", "16050"),
    ("J", "July 2026", "71000", "18700"),
    ("A", "August 2026", "69200", "21400"),
    ("S", "September 2026", "74100", "17300"),
    ("O", "October 2026", "76400", "24100"),
    ("N", "November 2026", "78410", "19250"),
)
_LONG = "Unit 1204, The Old Wool Store Apartments, 1187–1189 Great Northern Highway, Upper Swan WA 6069"


class SampleForm(forms.Form):
    name = forms.CharField(label="Name", help_text="As it stands on the lease.")
    email = forms.EmailField(label="E-mail")
    kind = forms.ChoiceField(label="Kind", choices=[("house", "House"), ("unit", "Unit")], required=False)
    cadence = forms.ChoiceField(
        label="How often", choices=[("daily", "Once a day"), ("hourly", "Every hour")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    notify = forms.BooleanField(label="Tell the admins when it fails", required=False)


def styleguide(request: HttpRequest) -> HttpResponse:
    """Everything in docs/design-system.md on one page."""
    now = timezone.now()
    bars = [Bars(label, full, (Decimal(income), Decimal(expense))) for label, full, income, expense in _MONTHS]
    context = {
        "bars": bars,
        "badges": [
            SourceBadge("PropertyMe", "fresh", now - timedelta(minutes=3), "", ""),
            SourceBadge("AppFolio", "stale", now - timedelta(minutes=41), "Two runs failed: the API is down.", ""),
            SourceBadge("Buildium", "down", now - timedelta(days=3), "Sign-in expired on 18 Nov.", ""),
        ],
        "now": now,
        "rent": Decimal("640.00"),
        "loss": Decimal("-228.00"),
        "long": _LONG,
        "arabic": "شارع النيل 9, Subiaco WA 6008",
        "vacancy": [8.1, 7.9, 7.6, 7.7, 6.6, 6.3, 6.2, 5.6],
        "bound": SampleForm({"email": "not an address"}),
        "tabs": [
            {"label": "Overview", "url": "#overview", "current": False, "count": None},
            {"label": "Mapping", "url": "#mapping", "current": True, "count": 122},
            {"label": "Sync history", "url": "#history", "current": False, "count": None},
            {"label": "Records", "url": "#records", "current": False, "count": 48211},
            {"label": "Settings", "url": "#settings", "current": False, "count": None},
        ],
        "chips": [
            {"key": "Status", "value": "Needs mapping", "url": "?"},
            {"key": "Suburb", "value": "Nguyễn Văn Đông", "url": "?"},
        ],
        "tally": [("created", 212), ("updated", 9), ("unchanged", 31061), ("not mapped", 118), ("conflicts", 0)],
        "effects": [
            ("bad", "212 transactions worth $48,310.00 are reversed by new entries dated today."),
            ("warn", "3 transactions stay: a person changed them."),
            ("good", "Mappings, leases and the connection stay as they are."),
        ],
    }
    return render(request, "styleguide.html", context)

"""A site with one page of the rail, for the tests of navigation."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import include, path

access = ([path("members/", lambda request: HttpResponse(), name="members")], "access")

urlpatterns = [path("", include(access))]

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.account.views import logout
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.generic import RedirectView

from core.styleguide import styleguide

# The staff desk has no sign-in of its own: one way in, with one set of rules against guessing.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler403 = "access.views.forbidden"

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/logout/", logout),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("access.urls")),
    path("", include("communications.urls")),
    path("", include("properties.urls")),
    path("", include("tenancies.urls")),
    path("", include("accounting.urls")),
    path("", include("maintenance.urls")),
    path("", include("reporting.urls")),
    path("", include("integrations.urls")),
]

if settings.STYLEGUIDE:
    urlpatterns.append(path("styleguide/", styleguide))

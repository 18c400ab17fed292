from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

application = get_wsgi_application()

# What start-up allocated never becomes garbage: leaving it out of full collections takes the 50-100 ms pauses
# out of the slowest requests.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)

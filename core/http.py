from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404


@contextmanager
def missing_is_404() -> Iterator[None]:
    """Around a selector that gets one row: what is not there, or is another organisation's, answers 404."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise Http404(str(error)) from error

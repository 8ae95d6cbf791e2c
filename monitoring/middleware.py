"""The outermost middleware: how long each answer took, and the start of what a web process does beside answering."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from monitoring.services import beats, vital_signs
from monitoring.services.request_times import group_of, request_times


class RequestTimesMiddleware:
    """Notes group, milliseconds and failure of every answer (about 2 µs a request), and starts the process's beats at
    its first request: threads do not survive the fork of gunicorn's workers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._begun_in = 0

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._begun_in != os.getpid():
            self._begin()
        began = time.perf_counter()
        response = self.get_response(request)
        group = group_of(request.method, request.path_info)
        if group is not None:
            request_times.note(group, (time.perf_counter() - began) * 1000, response.status_code >= 500)
        return response

    def _begin(self) -> None:
        self._begun_in = os.getpid()
        vital_signs.register()
        beats.also(request_times.flush)
        beats.start("web")

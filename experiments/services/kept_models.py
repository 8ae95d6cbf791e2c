"""Models that a web process keeps, read once: at most so many and so many bytes, the longest unused going first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

MOST_MODELS = 4
MOST_BYTES = 256 << 20


class Sized(Protocol):
    @property
    def size(self) -> int:
        """Bytes of the arrays."""


Model = TypeVar("Model", bound=Sized)


class KeptModels(Generic[Model]):
    """By a key that changes with the content. One is loaded at a time, so that two requests do not read it twice."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._lock, self._loading = threading.Lock(), threading.Lock()

    def get_or_load(self, key: str, load: Callable[[], Model], *, models: int, size: int) -> Model:
        """Raises what ``load`` raises; nothing is kept then."""
        if (found := self.get(key)) is not None:
            return found
        with self._loading:
            found = self.get(key)
            if found is None:
                found = load()
                self._put(key, found, models, size)
        return found

    def get(self, key: str) -> Model | None:
        with self._lock:
            if key in self._models:
                self._models.move_to_end(key)
            return self._models.get(key)

    def _put(self, key: str, model: Model, models: int, size: int) -> None:
        with self._lock:
            self._models[key] = model
            while len(self._models) > 1 and (
                len(self._models) > models or sum(each.size for each in self._models.values()) > size
            ):
                self._models.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._models.clear()

"""A Redis cache that holds only JSON and that the site can do without.

Nothing in the cache is the truth, so a Redis that is down, slow or full makes pages slower, never wrong and
never an error. After a failure the cache is left alone for a few seconds, so that a Redis that swallows
packets costs one short time-out and not one a call.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 5.0


class JSONSerializer:
    """Bytes in Redis are JSON; nothing read from there is ever unpickled (decision D9)."""

    def dumps(self, value: Any) -> bytes | int:
        return value if type(value) is int else json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class ForgivingRedisCache(RedisCache):
    _paused_until = 0.0

    def _attempt(self, call: Callable[[], Any], otherwise: Any) -> Any:
        cls = type(self)
        if time.monotonic() < cls._paused_until:
            return otherwise
        try:
            return call()
        except (RedisError, OSError, ValueError) as error:
            cls._paused_until = time.monotonic() + PAUSE_SECONDS
            log.warning("cache unavailable", error=str(error))
            return otherwise

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._attempt(lambda: super(ForgivingRedisCache, self).add(key, value, *args, **kwargs), True))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._attempt(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._attempt(lambda: super(ForgivingRedisCache, self).set(key, value, *args, **kwargs), None)

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._attempt(lambda: super(ForgivingRedisCache, self).touch(key, *args, **kwargs), False))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._attempt(lambda: super(ForgivingRedisCache, self).delete(key, version), False))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        found = self._attempt(lambda: super(ForgivingRedisCache, self).get_many(keys, version), {})
        return dict(found)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._attempt(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), delta))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return bool(self._attempt(lambda: super(ForgivingRedisCache, self).has_key(key, version), False))

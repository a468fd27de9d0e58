"""The instrument's own connection to a Redis."""

import redis


class RedisClient:
    """Whoever serves at `url`, asked by a client that is made when it is first needed."""

    url: str
    _client: redis.Redis | None = None

    def client(self) -> redis.Redis:
        """Its errors are redis.RedisError and OSError; ValueError if the URL cannot be read."""
        if self._client is None:
            self._client = redis.Redis.from_url(
                self.url, socket_timeout=2, socket_connect_timeout=2
            )
        return self._client

    def close(self) -> None:
        """Close our connection."""
        if self._client is not None:
            self._client.close()

"""What an ACL forbids, found out without doing any of it.

Redis checks the rights of a command when it is queued in a transaction, and this one is never
carried out.
"""

from collections.abc import Sequence
from typing import Any

import redis
from redis.exceptions import NoPermissionError

_ELSE = ("inside MULTI", "inside a transaction", "unknown command", "unknown subcommand")


def refused(client: redis.Redis, commands: Sequence[str]) -> list[str]:
    """The rights that are missing for these commands, as `ACL SETUSER` takes them.

    Whatever else keeps a server from queueing one (it is read-only, it is full) is raised. Nothing
    is known where the user has no transactions.
    """
    if not commands:
        return []
    # Typed as what a blocking and an asynchronous client have in common.
    connection: Any = client.connection_pool.get_connection()
    try:
        connection.send_command("MULTI")
        try:
            connection.read_response()
        except NoPermissionError:
            return ["+multi", "+exec"] if any(c.split()[0] == "MULTI" for c in commands) else []
        missing = (right for command in commands for right in _queued(connection, command.split()))
        return list(dict.fromkeys(missing))
    finally:
        connection.disconnect()  # and with it the transaction is gone
        client.connection_pool.release(connection)


def _queued(connection: Any, words: list[str]) -> list[str]:
    if words[0] in ("MULTI", "EXEC"):
        return []
    connection.send_command(*words)
    try:
        connection.read_response()
    except NoPermissionError as error:
        return [_right(words, str(error))]
    except redis.ResponseError as error:
        if not any(text in str(error) for text in _ELSE):
            raise
    return []


def _right(words: list[str], refusal: str) -> str:
    """What is missing, from the server's own sentence."""
    if "channel" in refusal:
        return f"&{words[1]}"
    if "key" in refusal:
        # The first key of a command; it stands behind the number of keys in those that name one.
        return f"~{words[3] if words[0] in ('EVAL', 'EVALSHA') else words[1]}"
    more = f"|{words[1].lower()}" if words[0] in ("CLIENT", "SCRIPT") else ""
    return f"+{words[0].lower()}{more}"

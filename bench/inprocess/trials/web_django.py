"""A Django site in one module: a view that enqueues inside a transaction, one on its commit."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any


def site(database: Path, enqueue: Callable[..., Any], busy_s: float) -> Any:
    """Set Django up on a SQLite file and give a client of the site; `enqueue(task, *args)`."""
    import django
    from django.conf import settings

    with closing(sqlite3.connect(database)) as connection:
        # Readers and the writer do not wait for each other, as one would set it up.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT)")
    settings.configure(
        DEBUG=False,
        SECRET_KEY="only for this trial",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}},
        INSTALLED_APPS=[],
        MIDDLEWARE=[],
    )
    django.setup()
    _routes(str(database), enqueue, busy_s)
    from django.test import Client

    return Client()


urlpatterns: list[Any] = []


def _routes(database: str, enqueue: Callable[..., Any], busy_s: float) -> None:
    from django.db import connection, transaction
    from django.http import HttpResponse
    from django.urls import path

    def order(kind: str) -> Any:
        def view(request: Any) -> Any:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO orders (text) VALUES (%s)", [kind])
                    row = int(cursor.lastrowid)
                if kind == "inside":
                    enqueue("look", kind, row, database)
                else:
                    transaction.on_commit(lambda: enqueue("look", kind, row, database))
                time.sleep(busy_s)
            return HttpResponse("ok")

        return view

    urlpatterns[:] = [path("inside", order("inside")), path("on_commit", order("on_commit"))]

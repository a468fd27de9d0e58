"""A FastAPI application that enqueues from an async endpoint.

`QUEUE_BENCH_ENQUEUE` names the module whose `enqueue` it calls.
"""

import os
from importlib import import_module
from time import perf_counter
from typing import Any

from fastapi import FastAPI

app: Any = FastAPI()
_module: Any = import_module(os.environ["QUEUE_BENCH_ENQUEUE"])


@app.get("/enqueue/{number}")  # type: ignore[untyped-decorator]
async def enqueue(number: int) -> dict[str, float]:
    """Enqueue one task and say how long that took.

    Nothing is awaited meanwhile, so the event loop stands still for as long as the call takes.
    """
    began = perf_counter()
    _module.enqueue("touch", "from-web")
    return {"still_ms": (perf_counter() - began) * 1000}


@app.get("/ready")  # type: ignore[untyped-decorator]
async def ready() -> dict[str, bool]:
    """Answer as soon as the server is up."""
    return {"ready": True}

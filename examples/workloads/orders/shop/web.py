"""The endpoint: it enqueues an order and answers at once. Start it with `uvicorn shop.web:app`."""

from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from shop import flow
from shop.tasks import CENTS

app = FastAPI(title="A shop")


class Line(BaseModel):
    """So many pieces of an article."""

    sku: Literal[tuple(CENTS)]  # type: ignore[valid-type]
    quantity: int = Field(gt=0, le=100)


class Order(BaseModel):
    """What a customer sends."""

    customer: str = Field(min_length=1)
    email: str = Field(pattern=r"^\S+@\S+$")
    lines: list[Line] = Field(min_length=1)


@app.post("/orders", status_code=202)
def place(placed: Order) -> dict[str, str]:
    """Enqueue it. Who orders waits for the queue's call, and neither for stock nor for the mail."""
    return {"task": str(flow.order(placed.model_dump()).id)}

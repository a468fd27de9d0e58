"""What the shop does for each order, as plain functions: they know of no queue.

Each takes one order: {"customer": …, "email": …, "lines": [{"sku": …, "quantity": …}, …]}.
"""

import hashlib
import json
import time
import uuid
from email.message import EmailMessage
from typing import Any

from shop.database import lock, transaction

CENTS = {
    "chair": 8900,
    "clock": 3500,
    "desk": 24900,
    "frame": 1900,
    "lamp": 4900,
    "mirror": 7900,
    "plant": 1500,
    "rug": 12900,
    "shelf": 6900,
    "vase": 2900,
}
DELIVERED, FEW = 1_000, 100  # pieces
SMTP_S = 0.05  # stands for the answer of a mail server; nothing is sent to anybody
Order = dict[str, Any]


def order(placed: Order) -> str:
    """Store an order with its lines; returns its id."""
    number = uuid.uuid4().hex
    cents = sum(CENTS[line["sku"]] * line["quantity"] for line in placed["lines"])
    with transaction() as execute:
        execute("INSERT INTO orders VALUES (?, ?, ?)", number, placed["customer"], cents)
        for line in placed["lines"]:
            execute(
                "INSERT INTO order_lines VALUES (?, ?, ?)", number, line["sku"], line["quantity"]
            )
    return number


def stock(placed: Order) -> dict[str, int]:
    """Take the pieces out of stock, and fill up what runs out; returns what is left by article."""
    left = {}
    with transaction() as execute:
        # Always in the same order: two orders of the same articles must not wait for each other.
        for line in sorted(placed["lines"], key=lambda line: str(line["sku"])):
            sku = line["sku"]
            execute("INSERT INTO stock VALUES (?, ?) ON CONFLICT (sku) DO NOTHING", sku, DELIVERED)
            execute("UPDATE stock SET pieces = pieces - ? WHERE sku = ?", line["quantity"], sku)
            execute(
                "UPDATE stock SET pieces = pieces + ? WHERE sku = ? AND pieces < ?",
                *(DELIVERED, sku, FEW),
            )
            left[sku] = int(execute("SELECT pieces FROM stock WHERE sku = ?", sku)[0][0])
    return left


def mail(placed: Order) -> int:
    """Write to the customer, and wait as for a mail server; returns the bytes of the message."""
    message = EmailMessage()
    message["To"], message["Subject"] = placed["email"], "Your order"
    lines = [f"{line['quantity']} x {line['sku']}" for line in placed["lines"]]
    message.set_content(f"Dear {placed['customer']},\n\n" + "\n".join(lines) + "\n")
    time.sleep(SMTP_S)
    with transaction() as execute:
        execute("INSERT INTO outbox VALUES (?, ?)", placed["email"], message.as_string())
    return len(message.as_bytes())


def audit(placed: Order) -> str:
    """Add the order to a log in which each entry has the digest of the one before; returns its own.

    The entries must follow one another: tasks of this type wait for each other.
    """
    entry = json.dumps(placed, sort_keys=True)
    with transaction() as execute:
        lock(execute, "audit")
        last = execute("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")
        number, before = last[0] if last else (0, "")
        digest = hashlib.sha256(f"{before}{entry}".encode()).hexdigest()
        execute("INSERT INTO audit VALUES (?, ?, ?)", number + 1, entry, digest)
    return digest

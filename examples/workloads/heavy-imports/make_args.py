"""Writes amounts.jsonl, the arguments of both tasks: `python make_args.py`."""

import json
from collections.abc import Iterator
from pathlib import Path


def lines() -> Iterator[str]:
    """Ten to forty amounts a line."""
    for line in range(4):
        yield json.dumps([[at * 5 % 17 + 0.5 for at in range(10 * (1 + line))]])


if __name__ == "__main__":
    text = "".join(f"{line}\n" for line in lines())
    Path(__file__).with_name("amounts.jsonl").write_text(text, encoding="utf-8")

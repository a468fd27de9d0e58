"""Writes pages.jsonl, the pages whose links are found: `python make_args.py`."""

import json
from collections.abc import Iterator
from pathlib import Path

PAGES = 12


def lines() -> Iterator[str]:
    """Five to thirty links a page; some lead to the same place, some nowhere on the web."""
    for page in range(PAGES):
        count = 5 * (1 + page % 6)
        anchors = "".join(
            f"<p><a href='../p{at * 7 % 20}#s{at}'>{at}</a></p>" for at in range(count)
        )
        text = f"<html><body><a href='mailto:a@example.org'>a</a>{anchors}</body></html>"
        yield json.dumps({"address": f"https://example.org/d{page}/index", "text": text})


if __name__ == "__main__":
    text = "".join(f"{line}\n" for line in lines())
    Path(__file__).with_name("pages.jsonl").write_text(text, encoding="utf-8")

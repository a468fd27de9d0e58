"""Writes the sizes of the pictures, a file for each type of task: `python make_args.py`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

# Width and height in pixels, upright ones among them.
SIZES: Mapping[str, Sequence[tuple[int, int]]] = {
    "avatars": [(400, 400), (512, 512), (640, 480), (480, 640)],
    "photos": [(2048, 1536), (1536, 2048), (2400, 1600), (1600, 2400)],
    "posters": [(6000, 4000), (4000, 6000)],
}


def files() -> dict[str, str]:
    """The text of each file by its name."""
    return {
        f"{name}.jsonl": "".join(f"{json.dumps(size)}\n" for size in sizes)
        for name, sizes in SIZES.items()
    }


if __name__ == "__main__":
    for name, text in files().items():
        Path(__file__).with_name(name).write_text(text, encoding="utf-8")

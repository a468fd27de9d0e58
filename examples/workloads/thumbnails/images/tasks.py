"""Thumbnails of an uploaded picture, with Pillow: CPU and memory, and no waiting."""

from io import BytesIO

from PIL import Image, ImageOps

EDGES = (1280, 480, 120)  # pixels of the longer edge
QUALITY = 85


def uploaded(width: int, height: int) -> bytes:
    """A picture as a browser sends it: gradients in three colours, as JPEG.

    It is made anew for each task. Kept in the process, it would be made once by a worker that
    lives long and for every task by one that forks: that is a difference of ours, and of no queue.
    """
    across = Image.linear_gradient("L").resize((width, height))
    around = Image.radial_gradient("L").resize((width, height))
    made = Image.merge("RGB", (across, around, ImageOps.flip(across)))
    file = BytesIO()
    made.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def thumbnails(width: int, height: int) -> list[int]:
    """Take in a picture and make it smaller three times; returns the bytes of each thumbnail."""
    sizes = []
    with Image.open(BytesIO(uploaded(width, height))) as picture:
        for edge in EDGES:
            small = ImageOps.contain(picture, (edge, edge), Image.Resampling.LANCZOS)
            file = BytesIO()
            small.save(file, "JPEG", quality=QUALITY, optimize=True)
            sizes.append(file.tell())
    return sizes

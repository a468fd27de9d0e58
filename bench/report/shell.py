"""What every page of ours shares: one file that needs no network, light or dark as the reader has
it, everything from outside escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.analysis.formatting import plain
from bench.base.errors import UsageError
from bench.model.systems import title
from bench.report.appendix import checkout_line
from bench.report.style import variables

HERE = Path(__file__).parent


def environment(*folders: Path) -> Environment:
    """Templates of these folders and of the report, autoescaped.

    A line break after a block tag or a comment is not part of the page, so `{##}` at the end of a
    line joins it to the next one.
    """
    made = Environment(
        loader=FileSystemLoader([*folders, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(title_of=title, checkout_line=checkout_line, plain=plain, is_web=_is_web)
    return made


def shell() -> dict[str, str]:
    """The style sheet and the colours that a page is rendered with."""
    return {
        "css": (HERE / "page.css").read_text(encoding="utf-8"),
        "light": variables(False),
        "dark": variables(True),
    }


def write_page(text: str, path: Path) -> None:
    """Write a page; UsageError if that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}): choose another file"
        ) from None


def _is_web(address: str) -> bool:
    """Only these become links: a run folder from elsewhere may hold anything."""
    return address.startswith(("https://", "http://"))

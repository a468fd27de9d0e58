"""What every page of ours shares: one file that needs no network, light or dark as the reader has
it, everything from outside escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.analysis.formatting import plain
from bench.base.git import shown as commit_line
from bench.model.systems import title
from bench.report.appendix import checkout_line, machine_line
from bench.report.style import variables

HERE = Path(__file__).parent


def rendered(template: str, **shown: object) -> str:
    """A page by its template in this folder, with what it shows; autoescaped.

    A line break after a block tag or a comment is not part of the page, so `{##}` at the end of a
    line joins it to the next one.
    """
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        title_of=title,
        checkout_line=checkout_line,
        commit_line=commit_line,
        machine_line=machine_line,
        plain=plain,
        is_web=_is_web,
    )
    return made.get_template(template).render(
        **shown,
        css=(HERE / "page.css").read_text(encoding="utf-8"),
        light=variables(dark=False),
        dark=variables(dark=True),
    )


def _is_web(address: str) -> bool:
    """Only these become links: a run folder from elsewhere may hold anything."""
    return address.startswith(("https://", "http://"))

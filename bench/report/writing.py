"""Pages written to files."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.base.errors import UsageError
from bench.record.store import Run
from bench.record.stored_features import Features


def report_path(run: Path, asked: Path | None) -> Path:
    """Where the page of a run goes."""
    page = asked or Path("reports") / f"{run.resolve().name}.html"
    if page.is_fifo() or page.is_socket():
        raise UsageError(f"{page} is no plain file: name another place for the report")
    return page


def write_report(
    runs: Sequence[Run],
    out: Path | None,
    console: Console,
    headline: bool,
    features: Features | None = None,
) -> Path:
    """The HTML file of one or several runs, and of what was found by `bench features`; UsageError
    if it cannot be written."""
    # Matplotlib behind it: not before something is to be drawn.
    from bench.report.headline import print_headline
    from bench.report.page import build_page

    path = report_path(runs[0].path, out)
    write_page(build_page(runs, features), path, "choose another --out")
    if headline:
        print_headline(runs, console)
        console.print(f"report: {path}", markup=False, soft_wrap=True)
    return path


def write_page(text: str, path: Path, instead: str = "choose another file") -> None:
    """Write a page; UsageError if that cannot be, which says what to do `instead`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): {instead}") from None

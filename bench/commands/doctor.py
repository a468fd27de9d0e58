"""`bench doctor`: what is missing, and what would disturb."""

import typer

from bench.base.errors import EXIT_OK, EXIT_USAGE
from bench.commands.options import Json, answer, app, console


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is there, what is missing and what to type, and what would disturb a measurement."""
    from bench.run.diagnosis import check, render

    findings = check()
    if as_json:
        answer([vars(finding) for finding in findings])
    else:
        render(findings, console())
    raise typer.Exit(
        EXIT_USAGE if any(finding.state == "missing" for finding in findings) else EXIT_OK
    )

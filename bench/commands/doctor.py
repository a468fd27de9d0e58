"""`bench doctor`: what is missing, and what would disturb."""

from typing import Annotated

import typer

from bench.base.errors import EXIT_OK, EXIT_USAGE
from bench.commands.options import Json, answer, app, console


@app.command()
def doctor(
    hosts: Annotated[
        str | None,
        typer.Option(
            "--hosts",
            metavar="FILE|netns:N",
            help="look at these hosts: reachable, Python, cores, clocks, what is missing",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is there, what is missing and what to type, and what would disturb a measurement."""
    from bench.run.diagnosis import check, render

    if hosts is None:
        findings = check()
    else:
        from bench.hosts.hosts_file import read_hosts
        from bench.run.hosts_diagnosis import check_hosts

        findings = check_hosts(read_hosts(hosts))
    if as_json:
        answer([vars(finding) for finding in findings])
    else:
        render(findings, console())
    raise typer.Exit(
        EXIT_USAGE if any(finding.state == "missing" for finding in findings) else EXIT_OK
    )

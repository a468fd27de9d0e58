"""Monitoring and control of the workers."""

import os
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

from huey import Huey
from huey.consumer import Consumer

from adapters.huey.features import steps
from bench.inprocess.trials.burden import DRAIN, PAIRS
from bench.inprocess.trials.lab import Lab, Observation, absent, options
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
QUICK = 5  # Huey drains the others' share in a tenth of a second: too short to time
SITE = "adapters.huey.features.site_settings"


def _site(lab: Lab) -> Any:
    """Django set up on the site, its tables made, and a client that is logged in."""
    os.environ["DJANGO_SETTINGS_MODULE"] = SITE
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(User.objects.create_superuser("trial", "trial@example.org", "trial"))
    return client


@TRIALS.of("monitor.page", packages=("django", "peewee"))
def dashboard(lab: Lab) -> Observation:
    """The dashboard in Django's admin, fed by the consumer that Django's command starts."""
    module = steps.app(lab)
    client = _site(lab)
    lab.start("python", "-m", "django", "run_huey", env={"DJANGO_SETTINGS_MODULE": SITE})
    module.TASKS["touch"]("ready")
    lab.wait(1, "ready", 10)
    done = module.TASKS["touch"]("done")
    module.TASKS["boom"]("as planned")
    lab.wait(1, "boom")
    from django.urls import reverse

    pages = [
        reverse("admin:hueystats_dashboard_events"),
        reverse("admin:hueystats_dashboard_fragment"),
    ]

    def text() -> str:
        return " ".join(client.get(page).content.decode() for page in pages)

    lab.until(lambda: "as planned" in text(), 4)
    shown = text()
    status = [client.get(page).status_code for page in pages]
    return {
        "what": "its dashboard in Django's admin",
        "status": status,
        "shows_done": done.id in shown,
        "shows_failed": "as planned" in shown,
    }


@TRIALS.of("monitor.cli", broker="none")
def cli(lab: Lab) -> Observation:
    """The programs that the package installs."""
    programs = [
        point.name
        for point in entry_points(group="console_scripts")
        if point.value.startswith("huey.")
    ]
    return absent(
        r"info|status|stats|inspect|monitor",
        {
            "the programs of huey": programs,
            "`huey_consumer --help`": options(lab.run("huey_consumer", "--help")),
        },
    )


@TRIALS.of("monitor.cost", packages=("peewee",))
def cost(lab: Lab) -> Observation:
    """The statistics module on and off: a consumer for each drain."""
    took: dict[bool, list[float]] = {True: [], False: []}
    module = steps.app(lab, storage="RedisHuey")
    for pair in range(PAIRS):
        for on in (True, False) if pair % 2 == 0 else (False, True):
            before = len(lab.marks("drain"))
            for _ in range(DRAIN * QUICK):
                module.TASKS["touch"]("drain")
            consumer = lab.start(
                "huey_consumer",
                f"adapters.huey.features.{'with_stats' if on else 'trial_app'}.huey",
                "-q",
            )
            until = before + DRAIN * QUICK
            lab.until(lambda until=until: len(lab.marks("drain")) >= until, 6)  # type: ignore[misc]
            marks = lab.marks("drain")[before:until]
            took[on].append((marks[-1]["ns"] - marks[0]["ns"]) / 1e9)
            consumer.end()
    return {"what": "huey.contrib.stats", "with_s": took[True], "without_s": took[False]}


def _nothing_like(pattern: str) -> Callable[[Lab], Observation]:
    def carry_out(lab: Lab) -> Observation:
        places: dict[str, Any] = {
            name: [each for each in dir(kind) if not each.startswith("_")]
            for name, kind in (("Huey", Huey), ("Consumer", Consumer))
        }
        return absent(
            pattern,
            {**places, "`huey_consumer --help`": options(lab.run("huey_consumer", "--help"))},
        )

    return carry_out


TRIALS.of("control.ping", broker="none")(_nothing_like(r"ping|broadcast"))
TRIALS.of("control.resize", broker="none")(_nothing_like(r"grow|shrink|resize|scale"))
TRIALS.of("control.shutdown", broker="none")(_nothing_like(r"remote|broadcast|command"))
TRIALS.of("control.suspend", broker="none")(_nothing_like(r"suspend|pause|resume"))
TRIALS.of("control.autoscale", broker="none")(_nothing_like(r"scale"))


@TRIALS.of("control.stats", packages=("peewee",))
def stats(lab: Lab) -> Observation:
    """`huey.contrib.stats`, which the consumer feeds and anybody may read."""
    module = steps.app(lab)
    lab.start("huey_consumer", "adapters.huey.features.with_stats.huey", "-w", "2")
    for _ in range(4):
        module.TASKS["add"](1, 1)
    lab.wait(4, "add", 10)
    module.TASKS["nap"]("busy", 4.0)
    lab.wait(1, "busy:start")
    os.environ["QUEUE_BENCH_READER"] = "1"  # this process only reads
    from adapters.huey.features.with_stats import reader

    counted = reader()
    lab.until(
        lambda: counted.overview()["completed"] >= 4 and counted.overview()["inflight"] >= 1, 3
    )
    overview = counted.overview()
    return {
        "done": 4,
        "told_done": overview["completed"],
        "running": 1,
        "told_running": [row for row in counted.inflight()] if overview["inflight"] else [],
    }

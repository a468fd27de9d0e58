"""Monitoring and control of the workers."""

import os
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any

from huey import Huey
from huey.consumer import Consumer

from adapters.huey.features import steps
from bench.inprocess.trials import monitoring, worker_control
from bench.inprocess.trials.lab import Lab, Observation, public
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
QUICK = 5  # Huey drains the others' share in a tenth of a second: too short to time
SITE = "adapters.huey.features.site_settings"


def _site() -> Any:
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
    system = steps.Tried(lab)
    client = _site()
    lab.start("python", "-m", "django", "run_huey", env={"DJANGO_SETTINGS_MODULE": SITE})
    system.enqueue("touch", "ready")
    lab.wait(1, "ready", 10)
    done = system.enqueue("touch", "done")
    system.enqueue("boom", "as planned")
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
    return {
        "what": "its dashboard in Django's admin",
        "status": [client.get(page).status_code for page in pages],
        "shows_done": done.id in shown,
        "shows_failed": "as planned" in shown,
    }


def _programs(lab: Lab) -> Mapping[str, Iterable[str]]:
    """What the package installs, and its options."""
    installed = entry_points(group="console_scripts")
    return {
        "the programs of huey": [each.name for each in installed if each.value.startswith("huey.")],
        **steps.flags_of(lab),
    }


TRIALS.lack("monitor.cli", r"info|status|stats|inspect|monitor", _programs)


@TRIALS.of("monitor.cost", packages=("peewee",))
def cost(lab: Lab) -> Observation:
    """The statistics module on and off: a consumer for each drain."""
    system = steps.Tried(lab, storage="RedisHuey")

    def drain(on: bool) -> float:
        places = monitoring.fill(system, monitoring.DRAIN * QUICK)
        module = f"adapters.huey.features.{'with_stats' if on else 'trial_app'}"
        consumer = lab.start("huey_consumer", f"{module}.huey", "-q")
        seconds = monitoring.drain_s(lab, places)
        consumer.end()
        return seconds

    return monitoring.drains("huey.contrib.stats", drain)


def _names(lab: Lab) -> Mapping[str, Iterable[str]]:
    return {"Huey": public(Huey), "Consumer": public(Consumer), **steps.flags_of(lab)}


TRIALS.lack("control.ping", r"ping|broadcast", _names)
TRIALS.lack("control.resize", r"grow|shrink|resize|scale", _names)
TRIALS.lack("control.shutdown", r"remote|broadcast|command", _names)
TRIALS.lack("control.suspend", r"suspend|pause|resume", _names)
TRIALS.lack("control.autoscale", r"scale", _names)


@TRIALS.of("control.stats", packages=("peewee",))
def stats(lab: Lab) -> Observation:
    """`huey.contrib.stats`, which the consumer feeds and anybody may read."""
    system = steps.Tried(lab)
    lab.start("huey_consumer", "adapters.huey.features.with_stats.huey", "-w", "2")
    worker_control.at_work(system, 4.0)
    os.environ["QUEUE_BENCH_READER"] = "1"  # this process only reads
    from adapters.huey.features.with_stats import reader

    counted = reader()
    lab.until(
        lambda: counted.overview()["completed"] >= 4 and counted.overview()["inflight"] >= 1, 3
    )
    overview = counted.overview()
    return worker_control.accounts(
        4, overview["completed"], list(counted.inflight()) if overview["inflight"] else []
    )

"""An adapter kept for judging the gate: Huey with one change planted in its worker.

`changed/process{plant=cpu}` has one; without a plant it is huey/process.
"""

from collections.abc import Mapping
from dataclasses import replace

from adapters.base import Profile, Setting
from adapters.huey.adapter import Huey

PAGE = "https://huey.readthedocs.io/en/latest/api.html#Huey.pre_execute"
PLANT = (
    Setting("plant", "", PAGE, "cpu, p99, memory, command or loss"),
    Setting(
        "size",
        0,
        PAGE,
        "how much of it; 0 = as much as the gate must find on the reference machine",
    ),
)


class Changed(Huey):
    """huey_consumer, with a hook before each task."""

    name = "changed"
    version = 1
    app = "changed.app"
    profiles: Mapping[str, Profile] = {
        "process": replace(
            Huey.profiles["process"], settings=(*Huey.profiles["process"].settings, *PLANT)
        )
    }


ADAPTER = Changed()

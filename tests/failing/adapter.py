"""An adapter kept for the tests: each of its profiles fails at another place of a cell's life."""

from collections.abc import Mapping

from adapters.base import Command, Held, Launch, Profile

PLACES = ("worker", "generator")


class Failing:
    """A bare list, and what goes wrong with it."""

    name = "failing"
    version = 1
    packages = ("redis",)
    app = "failing.app"
    brokers = ("redis",)
    push_command = "lpush"
    key_patterns = ("failing",)
    profiles: Mapping[str, Profile] = {
        name: Profile(name, f"fails at its {name}", "at most once", False, "process", ())
        for name in ("program", *PLACES)
    }

    def commands(self, launch: Launch) -> list[Command]:
        program = "program-of-nobody" if launch.profile == "program" else "python"
        return [Command((program, "-m", "failing.app"))] * launch.slots

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
        return {}


ADAPTER = Failing()

"""An adapter kept for the tests: a bare list whose client loses one id and sends another twice."""

from collections.abc import Mapping

from adapters.base import Command, Held, Launch, Profile

KEY = "planted"


class Planted:
    """Says that it delivers; the ledger must not believe it."""

    name = "planted"
    version = 1
    packages = ("redis",)
    app = "planted.app"
    brokers = ("redis",)
    push_command = "set"  # one per call whatever it really pushes: only the ledger can find out
    key_patterns = (KEY, "planted-mark")
    profiles: Mapping[str, Profile] = {
        "default": Profile(
            "default", "loses one id, doubles another", "at least once", True, "process", ()
        )
    }
    answer_call = "ask"
    answer_how = "it makes its answers up"

    def commands(self, launch: Launch) -> list[Command]:
        return [Command(("python", "-m", "planted.app"))] * launch.slots

    def held(self, broker: str, handles: Mapping[int, str]) -> Mapping[int, Held]:
        return {}


ADAPTER = Planted()

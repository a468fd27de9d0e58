"""Arms, as they are typed.

SYSTEM/PROFILE[@BROKER][[REQUIREMENT, …]][{SETTING=VALUE, …}]
"""

import difflib
import json
import re
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from adapters.base import Adapter, Asks, Knows, Launch, Prediction, Predicts, Profile, Setting
from bench.base.distributions import installed, names_in, needed_by
from bench.base.errors import UsageError
from bench.model import interpreter, requirements
from bench.model.broker import KINDS
from bench.model.environment import OWN, Environment
from bench.model.fault import FAULTS
from bench.model.manifest import ArmRecord, EnvironmentRecord, SettingRecord
from bench.model.requirements import Requirement

AGAIN = "again"  # stands among the settings of an arm that is measured against itself
_BETWEEN = re.compile(r",(?![^\[{]*[\]}])")  # a comma that is not inside a list
_ARM = re.compile(
    r"^(?P<system>[\w-]+)(?:/(?P<profile>[\w-]+))?(?:@(?P<broker>[\w-]+))?"
    r"(?P<requires>\[.*\])?(?:\{(?P<settings>.*)\})?$"
)


@dataclass(frozen=True)
class Arm:
    """System + profile + broker (+ versions or checkouts of its own) (+ settings changed).

    `environment` is where it runs: of an arm with requirements, only once that has been made.
    """

    adapter: Adapter
    profile: Profile
    broker: str
    overrides: Mapping[str, JsonValue]
    requirements: tuple[Requirement, ...] = ()
    again: bool = False
    # What the user's own functions need beside it, in every environment; no part of its name.
    code: tuple[Requirement, ...] = field(default=(), compare=False)
    environment: Environment = field(default=OWN, compare=False)

    @property
    def variant(self) -> str:
        """What is changed, as it was written, or nothing: the requirements, then the settings."""
        return ", ".join(filter(None, self._changes))

    @property
    def _changes(self) -> tuple[str, str]:
        """(the requirements, the settings) in words, each as it stands between its brackets."""
        settings = [f"{key}={json.dumps(value)}" for key, value in self.overrides.items()]
        settings += [AGAIN] if self.again else []
        return ", ".join(each.text for each in self.requirements), ", ".join(settings)

    @property
    def name(self) -> str:
        """The arm in its shortest unambiguous form."""
        # Plain Redis is left unsaid only where nothing else would be meant.
        broker = "" if self.broker == self.profile.redis == "redis" else f"@{self.broker}"
        required, changed = self._changes
        brackets = (f"[{required}]" if required else "") + (f"{{{changed}}}" if changed else "")
        return f"{self.adapter.name}/{self.profile.name}{broker}{brackets}"

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Every setting with its value, the overrides applied."""
        return {s.name: s.value for s in self.stated} | dict(self.overrides)

    @property
    def stated(self) -> list[Setting]:
        """The settings of the profile that apply on this broker."""
        return self._here(self.profile.settings)

    def _here(self, settings: Iterable[Setting]) -> list[Setting]:
        return [s for s in settings if not s.brokers or self.broker in s.brokers]

    @property
    def asked(self) -> tuple[Requirement, ...]:
        """What it has an environment of its own for; empty where it runs in bench's.

        What its profile installs, what was typed, and what the functions of a workload need: there
        what the arm itself says comes first.
        """
        texts = ", ".join(f"{each.name}=={each.value}" for each in self._installs)
        installs = requirements.parse(texts, self.name) if texts else ()
        own = (*installs, *self.requirements)
        said = {each.name for each in own}
        return (*own, *(each for each in self.code if each.name not in said))

    @property
    def _installs(self) -> list[Setting]:
        """What its profile installs on this broker; what was typed takes the place of it."""
        typed = {each.name for each in self.requirements}
        return [each for each in self._here(self.profile.installs) if each.name not in typed]

    def launch(self, slots: int) -> Launch:
        """What the adapter makes its worker commands from."""
        return Launch(self.profile.name, self.settings, slots, self.broker)

    def describe(self, slots: int) -> ArmRecord:
        """The arm as run.json and `bench list` show it."""
        return ArmRecord(
            arm=self.name,
            system=self.adapter.name,
            profile=self.profile.name,
            broker=self.broker,
            variant=self.variant,
            guarantee=self.profile.guarantee,
            results=self.profile.results,
            summary=self.profile.summary,
            command=tuple(" ".join(c.argv) for c in self.adapter.commands(self.launch(slots))),
            settings=self._described(),
            predicts=self._predictions(slots),
            environment=self._environment(),
        )

    def _described(self) -> tuple[SettingRecord, ...]:
        """What the profile installs, its settings, then those that the command line alone has."""
        stated = (*self._installs, *self.stated)
        pages = {s.name: {"source": s.source, "why": s.why} for s in stated}
        unstated = {"source": "", "why": "changed on the command line"}
        values = {s.name: s.value for s in self._installs} | self.settings
        return tuple(
            SettingRecord(name=name, value=value, **pages.get(name, unstated))
            for name, value in values.items()
        )

    def _environment(self) -> EnvironmentRecord | None:
        """The environment made for it; None where it runs in bench's own."""
        if not self.asked:
            return None
        return EnvironmentRecord(
            requirements=tuple(each.text for each in self.asked),
            digest=self.environment.digest,
            packages=self.environment.packages,
            checkouts=self.environment.checkouts,
            moved=self.environment.moved,
        )

    def _predictions(self, slots: int) -> dict[str, Prediction]:
        """Fault → what the settings let one expect; empty where the adapter does not say."""
        if not isinstance(self.adapter, Predicts):
            return {}
        launch = self.launch(slots)
        expected = {str(fault): self.adapter.predict(fault, launch) for fault in FAULTS}
        return {fault: prediction for fault, prediction in expected.items() if prediction}


def nearest(word: str, words: Iterable[str], what: str) -> UsageError:
    """The error for an unknown word, with the nearest known one."""
    candidates = list(words)
    close = difflib.get_close_matches(word, candidates, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(candidates)}"
    return UsageError(f"unknown {what} {word!r}: {hint}")


def parse_arm(text: str, adapters: Mapping[str, Adapter]) -> Arm:
    """The arm that a text names; UsageError with the nearest match if there is none."""
    match = _ARM.match(text.strip())
    if not match:
        raise UsageError(f"{text!r} is not an arm: write SYSTEM/PROFILE, such as celery/default")
    if match["system"] not in adapters:
        raise nearest(match["system"], adapters, "system")
    adapter = adapters[match["system"]]
    name = match["profile"] or "default"
    if name not in adapter.profiles:
        raise nearest(name, adapter.profiles, f"profile of {adapter.name}")
    profile = adapter.profiles[name]
    broker = match["broker"] or profile.redis
    if broker not in KINDS:
        raise nearest(broker, KINDS, "broker")
    if broker not in adapter.brokers:
        raise UsageError(
            f"{adapter.name} does not run on {broker}: it runs on {', '.join(adapter.brokers)}"
        )
    written, again = _settings(match["settings"] or "", text)
    overrides = {_setting(key, adapter, profile): value for key, value in written.items()}
    required = requirements.parse(match["requires"][1:-1], text) if match["requires"] else ()
    return Arm(adapter, profile, broker, overrides, required, again)


def _setting(key: str, adapter: Adapter, profile: Profile) -> str:
    """A setting that the profile may have changed, by the name that stands for it.

    A flag that profiles have belongs to them, which know what a slot is with it; any other setting
    may be one of another profile, or of the library. UsageError if it is none of them.
    """
    known: Collection[str] = ()
    try:
        known = adapter.known_settings() if isinstance(adapter, Knows) else ()
    except ImportError:  # the library is not here: that is said when the arm is about to run
        return key
    name = str(known.get(key, key)) if isinstance(known, Mapping) else key
    having = {
        each.name
        for each in adapter.profiles.values()
        if name in {setting.name for setting in each.settings}
    }
    arm = f"{adapter.name}/{profile.name}"
    if having and profile.name not in having and name.startswith("-"):
        raise UsageError(
            f"{arm} cannot have {key}: what a slot is hangs on it, "
            f"name a profile that has it: {', '.join(sorted(having))}"
        )
    if having or name in known:
        return name
    stated = {s.name for each in adapter.profiles.values() for s in each.settings}
    raise nearest(key, sorted(stated.union(known)), f"setting of {arm}")


def _settings(text: str, arm: str) -> tuple[dict[str, JsonValue], bool]:
    """The changed settings, and whether the arm is a twin."""
    pairs: dict[str, JsonValue] = {}
    parts = [p.strip() for p in _BETWEEN.split(text)]
    for part in (part for part in parts if part not in ("", AGAIN)):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"{arm!r}: {part!r} is not SETTING=VALUE")
        try:
            pairs[key.strip()] = json.loads(value)
        except ValueError:
            pairs[key.strip()] = value.strip()
    return pairs, AGAIN in parts


def twin(arm: Arm) -> Arm:
    """The same code and settings under a name of its own: an arm is measured against it to see the
    noise."""
    return replace(arm, again=True)


def refuse_same(arms: Iterable[Arm]) -> None:
    """UsageError if two arms are the same code and settings under two names.

    A twin may be the same as its arm. The environments of the arms must have been made.
    """
    first_of: dict[Hashable, Arm] = {}  # of those that are the same
    for arm in arms:
        settings = json.dumps(arm.settings, sort_keys=True, default=str)
        first = first_of.setdefault(
            (arm.adapter.name, arm.profile.name, arm.broker, settings, arm.again, code_of(arm)), arm
        )
        if first.name != arm.name:
            raise UsageError(
                f"nothing is compared: {first.name} and {arm.name} are the same code and settings; "
                "--aa measures one against itself"
            )


def code_of(arm: Arm) -> frozenset[tuple[str, str]]:
    """The Python and the distributions that an arm runs with, each with its version or, built from
    a path, the digest of its files."""
    if arm.asked:
        return arm.environment.identity()
    here = installed(needed_by(needs_of(arm)))
    return frozenset({(interpreter.PYTHON, interpreter.OWN.name), *here.items()})


def missing_packages(arm: Arm) -> list[str]:
    """The distributions that this arm needs and that are not installed.

    Empty for an arm with an environment of its own, which gets them there.
    """
    return [] if arm.asked else [name for name in packages_of(arm) if not installed([name])]


def packages_of(arm: Arm) -> tuple[str, ...]:
    """The names of the distributions that this arm runs with, those of its broker included, and
    what its environment was made for."""
    return tuple(dict.fromkeys((*names_in(needs_of(arm)), *(each.name for each in arm.asked))))


def needs_of(arm: Arm) -> tuple[str, ...]:
    """The requirements that pip is given for this arm, with the extras that matter."""
    extra = arm.adapter.broker_packages.get(arm.broker, ()) if isinstance(arm.adapter, Asks) else ()
    return (*arm.adapter.packages, *arm.profile.requires, *extra)

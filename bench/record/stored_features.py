"""features.json: written by `bench features`, read by report, claims and advise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.base.errors import UsageError
from bench.base.typed import typed
from bench.base.version import VERSION
from bench.model.feature import FEATURES
from bench.model.feature_outcome import FeaturesRecord, Finding, together
from bench.model.manifest import MachineRecord
from bench.model.versions import commit
from bench.record import documents

FILE = "features.json"
FORMAT = 1


@dataclass(frozen=True)
class Features:
    """features.json opened for reading: its folder, and what it says."""

    path: Path
    record: FeaturesRecord

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding, in the order of the catalogue."""
        return self.record.findings

    @property
    def systems(self) -> list[str]:
        """The systems that were tried."""
        return list(dict.fromkeys(each.system for each in self.findings))

    def of(self, system: str, feature: str) -> list[Finding]:
        """The findings of every variant of one feature of one system."""
        return [each for each in self.findings if (each.system, each.feature) == (system, feature)]

    def outcome(self, system: str, feature: str) -> str | None:
        """The outcome over all variants; None where nothing was tried."""
        mine = self.of(system, feature)
        return together([each.outcome for each in mine]) if mine else None


def write(
    folder: Path, findings: Sequence[Finding], seconds: float, quick: bool, machine: MachineRecord
) -> Features:
    """Store findings with the machine they were made on; UsageError if they cannot be written."""
    head, dirty = commit()
    record = FeaturesRecord(
        format=FORMAT,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(seconds),
        bench_version=VERSION,
        commit=head,
        dirty=dirty,
        quick=quick,
        machine=machine,
        findings=tuple(findings),
    )
    try:
        documents.write_json(folder / FILE, record.as_json())
    except OSError as error:
        raise UsageError(
            f"{folder / FILE} cannot be written ({error.strerror}): choose another --out"
        ) from None
    return Features(folder, record)


def open_features(path: Path) -> Features:
    """The features of a folder, or of the file itself.

    UsageError if there are none, or if the file is damaged or of another format.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"{path} has no {FILE}: `bench features --out {typed(path)}` makes one")
    info = documents.read_json(file)
    if (
        not isinstance(info, dict)
        or info.get("kind") != "features"
        or not isinstance(info.get("findings"), list)
    ):
        raise UsageError(f"{file} is no {FILE}, or damaged: make a new one by `bench features`")
    if info.get("format") != FORMAT:
        raise UsageError(
            f"{file} has format {info.get('format')}, this bench reads {FORMAT}: "
            "make a new one by `bench features`"
        )
    record = FeaturesRecord.of(info, str(file), "make a new one by `bench features`")
    if strange := {each.feature for each in record.findings} - FEATURES.keys():
        raise UsageError(
            f"{file} names features that this bench does not know ({', '.join(sorted(strange))}): "
            "make a new one by `bench features`"
        )
    return Features(file.parent, record)

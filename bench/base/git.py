"""What git says of a folder: its answer, that there is no checkout, or that it refuses."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.base.environ import built

# Where git's own settings are, and whose folders it trusts under sudo.
ITS = ("XDG_CONFIG_HOME", "SUDO_UID")
# Of a worktree or submodule whose history is gone it says "not a git repository: PATH" instead.
NO_REPOSITORY = ("not a git repository (or any", "unknown revision", "ambiguous argument")


@dataclass(frozen=True)
class Answer:
    """`text` is what git printed; `refused` is its reason where it would not say."""

    text: str = ""
    refused: str = ""


def git(folder: Path, *args: str) -> Answer:
    """Ask git about a folder; an empty answer where it is no checkout, or git is not there.

    Every `GIT_*` of the user is left out: within a hook they name another repository.
    """
    env = built({"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}, kept=ITS)
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *args], env=env, capture_output=True, check=False
        )
    except OSError:
        return Answer()
    if done.returncode == 0:
        return Answer(os.fsdecode(done.stdout))
    return Answer(refused=_refusal(done.stderr.decode(errors="replace")))


def _refusal(stderr: str) -> str:
    """Why git would not say; nothing where there just is no checkout."""
    if any(words in stderr for words in NO_REPOSITORY):
        return ""
    lines = [
        line.removeprefix("fatal: ") for line in stderr.splitlines() if line.startswith("fatal: ")
    ]
    return lines[0].rstrip(".") if lines else " ".join(stderr.split())[:200] or "without a word"


def shown(commit: str, dirty: bool = False) -> str:
    """A commit as it is shown: twelve digits, or why it is unknown."""
    text = commit if commit.startswith("unknown") else commit[:12] or "unknown"
    return text + (" with changes" if dirty else "")

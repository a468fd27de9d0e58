"""A small checkout that pip can build from nothing, and git as the tests use it."""

import os
import subprocess
from pathlib import Path

# Nothing is asked of an index.
NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
# A package whose build needs nothing from anywhere: it makes its own wheel.
BACKEND = """
import zipfile
from pathlib import Path

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w") as wheel:
        for module in sorted([*Path(".").glob("tiny*.py"), *Path(".").glob("*.pth")]):
            wheel.write(module, module.name)
        told = {
            "METADATA": "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n",
            "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
            "entry_points.txt": "[console_scripts]\\ntiny = tiny:main\\n",
            "RECORD": "",
        }
        for file, text in told.items():
            wheel.writestr(f"tiny-1.0.dist-info/{file}", text)
    return name
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "own_backend"\nbackend-path = ["."]\n'


def make_tiny(folder: Path, says: str = "as committed") -> Path:
    """The files, without a repository."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "own_backend.py").write_text(BACKEND)
    (folder / "tiny.py").write_text(f"def main():\n    print({says!r})\n")
    return folder


def git(folder: Path, *args: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, "-C", str(folder), *args], check=True)


def commit_all(folder: Path) -> None:
    """A repository with all that lies there as its first commit."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")

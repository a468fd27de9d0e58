"""The settings that Celery reads: it is asked, so that no list of ours grows old."""

import re
from functools import cache
from pathlib import Path

# Some modules give `conf.get` a shorter name.
_SHORTER = re.compile(r"(\w+) = [\w.]*conf\.get$", re.MULTILINE)


@cache
def configured() -> frozenset[str]:
    """The lower-case names of Celery's configuration.

    Those that it declares with a default, and those that its code reads without, such as
    result_backend_thread_safe and override_backends: they are documented like the others.
    """
    import celery
    from celery.app.defaults import SETTING_KEYS

    names = set(SETTING_KEYS)
    for path in Path(celery.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "conf.get" in text:
            calls = "|".join({r"conf\.get", *_SHORTER.findall(text)})
            names.update(re.findall(rf"(?:{calls})\(\s*[\"']([a-z]\w+)[\"']", text))
    return frozenset(names)


@cache
def worker_options() -> tuple[tuple[str, ...], ...]:
    """The spellings of each option of `celery worker`."""
    from celery.bin.worker import worker

    return tuple((*each.opts, *each.secondary_opts) for each in worker.params)

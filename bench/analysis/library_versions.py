"""Which library versions differ, as read inside the workers."""

from collections.abc import Mapping


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """`celery 5.5.3 → 5.6.2`, one text per library that differs, was added or is gone."""
    names = sorted({*before, *after})
    return [
        f"{name} {before.get(name, 'absent')} → {after.get(name, 'absent')}"
        for name in names
        if before.get(name) != after.get(name)
    ]

"""The form that a user's TOML file has to have: the first fault, in words of the file."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from pydantic import ValidationError

from bench.base.toml_file import TomlFile
from bench.base.toml_lines import Place, known_part
from bench.model.arm import nearest
from bench.model.stored import Record
from bench.model.toml_words import in_words

Form = TypeVar("Form", bound=Record)


def validated(
    file: TomlFile, form: type[Form], form_of: Callable[[Place], type[Record] | None]
) -> Form:
    """The document as a record; UsageError with file, line and the nearest known word.

    `form_of` names the form of a table that may be there, None where its keys are free.
    """
    try:
        return form.model_validate(file.document)
    except ValidationError as error:
        # A misspelt key first: what it was meant to be is missing too.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    place, word = known_part(file.document, first["loc"]), str(first["loc"][-1])
    if first["type"] == "extra_forbidden":
        table = table_of(place[:-1]) or "the file"
        what = str(nearest(word, _keys(form_of(place[:-1])), f"key of {table}"))
    elif first["type"] == "missing":
        what = f"{word} is missing" + (f" in {table_of(place)}" if place else "")
    else:
        what = f"{dotted(place)}: {in_words(first)}"
    raise file.refusal(place, what)


def dotted(place: Place) -> str:
    """The keys that lead to a place, without the numbers of the tables in a list."""
    return ".".join(step for step in place if isinstance(step, str))


def table_of(place: Place) -> str:
    """A table as it is written in the file; empty for its top."""
    if not place:
        return ""
    return f"[[{dotted(place)}]]" if isinstance(place[-1], int) else f"[{dotted(place)}]"


def _keys(form: type[Record] | None) -> Iterable[str]:
    """The keys that a table may have."""
    fields = form.model_fields if form else {}
    return [each.alias or name for name, each in fields.items()]

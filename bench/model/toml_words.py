"""What does not fit a form, in the words of TOML: those of the validator name its own types."""

from typing import Any

from pydantic_core import ErrorDetails

LIST = "write a list, in square brackets"
TABLE = "write a table: keys and values in braces, or below a name in square brackets"
TEXT = "write a text, in quotes"
# By the validator's name of the fault; {ge} and the like are what it tells of the limit.
WORDS = {
    **dict.fromkeys(("tuple_type", "list_type", "set_type"), LIST),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), TABLE),
    "string_type": TEXT,
    "string_too_short": "write a text that is not empty",
    "too_short": "the list is too short: {min_length} or more belong into it",
    "greater_than": "make it greater than {gt:,g}",
    "greater_than_equal": "make it {ge:,g} or more",
    "less_than": "make it less than {lt:,g}",
    "less_than_equal": "make it {le:,.15g} or less",
    "literal_error": "write {expected}",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "write a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "write a number"),
}


def in_words(error: ErrorDetails) -> str:
    """The first fault of a form, without the place: a check of ours has words of its own."""
    message = error["msg"]
    ours = message.removeprefix("Value error, ")
    if ours != message:
        return ours
    limits: dict[str, Any] = error.get("ctx", {})
    words = WORDS.get(error["type"])
    return words.format(**limits) if words else message[:1].lower() + message[1:]

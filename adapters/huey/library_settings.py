"""The settings that Huey reads: it is asked, so that no list of ours grows old."""

import inspect
from functools import cache


@cache
def class_options() -> frozenset[str]:
    """What the classes that app.py uses take, those of their storages included."""
    from huey import Huey, storage

    storages = ("RedisStorage", "SqliteStorage", "PostgresStorage")  # an older version lacks some
    kinds = (Huey, *(getattr(storage, name) for name in storages if hasattr(storage, name)))
    named = (
        parameter.name
        for kind in kinds
        for parameter in inspect.signature(kind).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    )
    return frozenset(named)


@cache
def consumer_options() -> tuple[tuple[str, ...], ...]:
    """The spellings of each option of `huey_consumer`."""
    from huey.consumer_options import OptionParserHandler

    parser = OptionParserHandler().get_option_parser()
    groups = (parser, *parser.option_groups)
    return tuple(tuple(str(each).split("/")) for group in groups for each in group.option_list)

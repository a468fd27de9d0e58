"""What all stored records share: frozen, checked when they are read, nothing in them unknown."""

from typing import Self

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from bench.base.errors import UsageError

Json = dict[str, JsonValue]
"""A document of somebody else's making that is stored and shown as it is."""


class Record(BaseModel):
    """One stored record. A key that it does not have, or a value of another type, is damage."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    @classmethod
    def of(cls, stored: object, where: str, repair: str) -> Self:
        """The record in a document that was read; UsageError with the first fault and its place.

        `where` names the file, `repair` says what to type.
        """
        try:
            return cls.model_validate(stored)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(map(str, first["loc"])) or "the document"
            more = f", and {error.error_count() - 1} more" if error.error_count() > 1 else ""
            raise UsageError(
                f"{where} is damaged ({place}: {first['msg'].lower()}{more}): {repair}"
            ) from None

    def as_json(self) -> Json:
        """The document that is stored."""
        return self.model_dump(mode="json")

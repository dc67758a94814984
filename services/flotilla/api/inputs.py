"""Strict input: JSON that is what it says, of known fields, each of its own type. Nothing is guessed or dropped."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import fields, parsers, serializers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """400 also for what is nested deeper than Python can follow."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON is nested too deep.") from None


class StrictSerializer(serializers.Serializer):
    """Refuses fields that it does not know: a misspelt one would be lost in silence."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown = sorted(data.keys() - self.fields.keys()) if isinstance(data, Mapping) else []
        if unknown:
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class _Exactly:
    """A field that takes its JSON type only: no number for a text, no text for a number, no 1 for true."""

    TYPE: type

    def run_validation(self, data: Any = fields.empty) -> Any:
        given = data is not fields.empty and data is not None
        if given and type(data) is not self.TYPE:  # a bool is an int to isinstance
            self.fail("invalid")
        return super().run_validation(data)


class Text(_Exactly, serializers.CharField):
    TYPE = str


class Email(_Exactly, serializers.EmailField):
    """In lower case and ASCII (an international domain in its xn-- form): no two of them look alike and differ."""

    TYPE = str

    def __init__(self, **options: Any):
        super().__init__(**{"max_length": 254} | options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.isascii():
            self.fail("invalid")
        return text.lower()


class Slug(_Exactly, serializers.SlugField):
    TYPE = str


class Whole(_Exactly, serializers.IntegerField):
    TYPE = int


class Flag(_Exactly, serializers.BooleanField):
    TYPE = bool


class Id(_Exactly, serializers.UUIDField):
    TYPE = str

    default_error_messages = {"invalid": "Must be a valid UUID."}

"""Values to bytes and back, for django-redis' SERIALIZER and COMPRESSOR options.

JSON, never pickle: who can write to the cache must not be able to run code here.
"""

import json
from typing import Any

from django_redis.compressors.zlib import ZlibCompressor
from django_redis.serializers.json import JSONSerializer

UNREADABLE = object()  # bytes that nobody here wrote: the cache takes them for a miss


class Serializer(JSONSerializer):
    """Strict: a value that would come back as another type (a Decimal, a date) is a TypeError when it is stored."""

    encoder_class = json.JSONEncoder

    def loads(self, value: bytes) -> Any:
        try:
            return super().loads(value)
        except ValueError:
            return UNREADABLE


class Compressor(ZlibCompressor):
    """Below 1 kB deflating costs more time than the network saves; above, the fastest level gains nearly all of it."""

    min_length = 1024
    preset = 1

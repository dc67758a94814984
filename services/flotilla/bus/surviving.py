"""Celery's consumer, which does not end for an item of its queue that is no message."""

from collections.abc import Callable
from typing import Any

from celery.worker import consumer

GARBAGE = (ValueError, LookupError, TypeError, AttributeError)  # what kombu and Celery raise at one


class Consumer(consumer.Consumer):
    """The item has been popped, so it does not come again: it costs a line in the log, at worst a new connection."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.channel_errors = (*self.channel_errors, *GARBAGE)

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        """Also of one that kombu can read and Celery cannot: kept in hand, it would go back to the queue at the end."""
        handle = super().create_task_handler(*args, **options)

        def survive(message: Any) -> None:
            try:
                handle(message)
            except GARBAGE as error:
                self.on_decode_error(message, error)

        return survive

"""Items of a queue that are no messages: what the worker makes of them."""

import threading

import kombu
import pytest
from celery.worker import WorkController, state

from flotilla.bus import app as celery
from flotilla.uuid7 import uuid7


@pytest.fixture
def queue(monkeypatch):
    """The service's, in this process: messages are put into it as kombu has read them."""
    for name in ("connection_for_read", "connection_for_write"):
        monkeypatch.setattr(celery.app, name, lambda url=None, **options: kombu.Connection("memory://"))
    monkeypatch.setattr(state, "should_stop", None)
    name = celery.app.conf.task_queues[0].name
    with kombu.Connection("memory://") as connection:
        made = connection.default_channel._queue_for(name)
        yield lambda item: made.put(item)
    connection.default_channel._purge(name)


def message(headers):
    properties = {"delivery_info": {"routing_key": "", "exchange": ""}, "delivery_tag": str(uuid7())}
    body, types = "[[], {}, {}]", {"content-type": "application/json", "content-encoding": "utf-8"}
    return {"body": body, "headers": headers, "properties": properties} | types


@pytest.mark.filterwarnings("ignore::celery.exceptions.CPendingDeprecationWarning")  # as consume() does
def test_items_that_are_no_messages_do_not_end_the_worker(queue, caplog):
    """With Celery's own consumer the first one does: "Unrecoverable error", exit status 1, and the container's restart
    policy starts another worker. That one does not meet it again, as BRPOP has taken it. No JSON at all is an error of
    the same place: kombu reads it amid `_brpop_read`. The last one fails when Celery has it in hand already: that would
    go back to the queue, and end one worker after the other.
    """

    def end():
        state.should_stop = 0

    celery.app.task(name="test.end")(end)
    for item in (7, "text", {}, message({"task": "test.end"}), message({"task": "test.end", "id": "1"})):
        queue(item)
    worker = WorkController(app=celery.app, pool_cls="solo", without_gossip=True, without_mingle=True)
    late = threading.Timer(30, end)  # a worker that never comes to the last item fails this test, and holds up none
    late.start()
    try:
        worker.start()
    finally:
        late.cancel()
        celery.app.tasks.unregister("test.end")
    assert worker.exitcode == 0
    assert caplog.text.count("Connection to broker lost") == 3
    assert caplog.text.count("Can't decode message body") == 1

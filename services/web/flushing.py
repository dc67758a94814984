"""Moves counted views into the database now and then, from a thread of each server process.

Every replica does it: a drain is atomic, so each count is written by one of them, and none has to be special.
"""

import logging
import random
import threading
import time

from django.db import DatabaseError, connections

from web.services import product_views_flush

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


def start() -> None:
    threading.Thread(target=_run, name="flush-views", daemon=True).start()


def _run() -> None:
    while True:
        # Spread, so that three replicas started together do not flush together.
        time.sleep(EVERY_SECONDS * random.uniform(0.5, 1.5))
        try:
            product_views_flush()
        except DatabaseError as error:
            logger.warning("views stay in Redis: %s", error)
        finally:
            connections.close_all()

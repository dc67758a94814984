"""Locust's part of a load test: its users are the people, its events, statistics and web page show what happens.

When a step starts is not Locust's affair: its users would wait for one another's answers (a closed loop), and its
times are rounded to two digits. The schedule is openloop.Run's, and everything that is judged is our own figure.
"""

import itertools

import gevent
from locust import User, task
from locust.env import Environment
from locust.stats import stats_history

from .journeys import People
from .outcome import Outcome
from .profiles import Refused

ARRIVALS = 20  # people a second that come in before the load begins
PAUSES = (1.0, 3.0, 12.0, 12.0)  # seconds before another try: a busy stack, or the limit on registrations
COME_IN = 120.0  # seconds they have for that


class Visitor(User):
    """One of the people. Comes in, and from then on lends its session to the steps."""

    def on_start(self):
        world = self.environment
        number, pauses = next(world.numbers), list(PAUSES)
        while True:
            try:
                return world.people.arrive(number)
            except (OSError, AssertionError, ValueError) as error:
                if not pauses:
                    return world.trouble.append(str(error) or type(error).__name__)
            gevent.sleep(pauses.pop(0))

    @task
    def be_there(self):
        gevent.sleep(60)


def world(people: People) -> Environment:
    """Locust's environment with these people; nobody has come in yet."""
    environment = Environment(user_classes=[Visitor], catch_exceptions=False, reset_stats=False)
    environment.people, environment.numbers, environment.trouble = people, itertools.count(), []
    environment.create_local_runner()
    return environment


def come_in(environment: Environment) -> None:
    """All people are in the shop afterwards. Raises Refused when they do not get in."""
    people, wanted = environment.people, environment.people.plan.users
    environment.runner.start(wanted, spawn_rate=ARRIVALS)
    with gevent.Timeout(COME_IN, False):
        while len(people.here) < wanted and not environment.trouble:
            gevent.sleep(0.05)
    if environment.trouble:
        raise Refused(f"the shop does not let people in ({environment.trouble[0]}): see 'make status'")
    if len(people.here) < wanted:
        raise Refused(f"only {len(people.here)} of {wanted} people got into the shop in {COME_IN:.0f} s: try fewer")


def show(environment: Environment, port: int):
    """The web page, on every address of the container; the curve over time needs a greenlet of its own."""
    page = environment.create_web_ui("0.0.0.0", port)  # published on BIND only
    gevent.spawn(stats_history, environment.runner)
    return page


def teller(environment: Environment):
    """An on_outcome that tells Locust of each request, with its time from the planned start."""

    def tell(outcome: Outcome) -> None:
        wrong = None if outcome.raw_good else RuntimeError(outcome.detail or f"status {outcome.first_status}")
        environment.events.request.fire(
            request_type=outcome.kind, name=outcome.step, response_time=outcome.raw_latency * 1000,
            response_length=0, exception=wrong, context={},
        )  # fmt: skip

    return tell

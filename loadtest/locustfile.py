"""The journey: people look around, search, open products, fill a cart; some have an account and write reviews.

People wait for an answer before they go on (a closed loop): it shows how the shop feels with so many people in it.
For honest latencies under failure use openloop.py, which the drills use.
"""

import itertools
import os
import random
import re
import socket
import uuid

from locust import HttpUser, between, constant_throughput, events, task
from requests.adapters import HTTPAdapter

USERS, RATE = int(os.environ.get("USERS", 20)), int(os.environ.get("RATE", 0))
SITE, EDGE = os.environ.get("SITE_HOST", "shop.localhost"), f"{os.environ.get('NET_PREFIX', '10.77')}.0.10"
PASSWORD = "a-plain-Passphrase-42"
WORDS = ["lamp", "chair", "blue", "small", "wood", "garden", "cotton", "travel", "steel", "set"]
numbers = itertools.count()

# The site's name leads to the edge, as a visitor's DNS would have it.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve(EDGE if host == SITE else host, *rest, **more)


@events.init.add_listener
def seed(environment, **_):
    """The same people do the same things in every run."""
    random.seed(20)


class Person(HttpUser):
    """Waits like somebody who reads; with RATE set, only as long as the bound on requests needs."""

    abstract = True
    wait_time = constant_throughput(RATE / USERS) if RATE else between(0.5, 2.5)

    def on_start(self):
        self.client.verify = "/certs/ca.crt"
        # Kept connections, and no second try: a failed request is to be seen.
        self.client.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=2, max_retries=0))
        self.client.headers["Referer"] = self.host + "/"
        self.products = self.links(self.client.get("/", name="home").text, "products")
        self.categories = self.links(self.client.get("/", name="home").text, "categories")

    @staticmethod
    def links(page: str, kind: str) -> list[str]:
        return sorted(set(re.findall(rf'href="(/{kind}/[\w-]+/)"', page)))

    def form(self, path: str, name: str, fields: dict) -> None:
        """Send a form as the page's script does: fetch the hidden fields, then post. Only a redirect is a success."""
        hidden = self.client.get("/form-token/", name="form token").json()
        data = {"csrfmiddlewaretoken": hidden["csrf_token"], "request_key": hidden["request_key"]} | fields
        with self.client.post(path, data, name=name, allow_redirects=False, catch_response=True) as answer:
            if answer.status_code not in (302, 303) or "/login/" in answer.headers.get("Location", ""):
                answer.failure(f"{answer.status_code} instead of a redirect")

    @task(6)
    def look_at_a_product(self):
        if self.products:
            self.client.get(random.choice(self.products), name="product")

    @task(4)
    def look_through_a_category(self):
        if self.categories:
            page = self.client.get(random.choice(self.categories), name="category")
            self.products = self.links(page.text, "products") or self.products

    @task(2)
    def search(self):
        page = self.client.get(f"/search/?q={random.choice(WORDS)}", name="search")
        self.products = self.links(page.text, "products") or self.products

    @task(1)
    def put_into_the_cart(self):
        if self.products:
            self.form(f"{random.choice(self.products)}add/", "add to cart", {"quantity": 1})
            self.client.get("/cart/", name="cart")


class Guest(Person):
    weight = 3


class Reviewer(Person):
    """Has an account, and an opinion of each product once."""

    weight = 1

    def on_start(self):
        super().on_start()
        name = f"load-{uuid.uuid4().hex[:12]}"
        fields = {"username": name, "email": f"{name}@example.org", "password1": PASSWORD, "password2": PASSWORD}
        self.form("/accounts/register/", "register", fields)
        self.reviewed: set[str] = set()

    @task(3)
    def review(self):
        fresh = [product for product in self.products if product not in self.reviewed]
        if fresh:
            product = random.choice(fresh)
            self.reviewed.add(product)
            text = {"rating": random.randint(1, 5), "title": f"Opinion {next(numbers)}", "text": "Does what it says."}
            self.form(f"{product}review/", "review", text)

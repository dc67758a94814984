"""Events on the whole stack: products fill the shop, orders take stock; dead workers and a wiped Redis cost time only.

What a service does is called in its own container, as its API would: nobody outside can sign the gateway's identity.
"""

import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from loadtest.shop import PRODUCT
from stack.direct import redis_master
from stack.engine import NET_PREFIX, containers, docker, inside, secret
from stack.servers import sql, until, value
from stack.whole import make_whole

ENDS = ("confirmed", "rejected", "cancelled")
STOCK = 40
ORDERS = 120
PATIENCE = 600  # seconds that they wait for their stock; usually a minute
TELL = "import json, sys, uuid; from django.db import transaction; "


def call(service: str, code: str):
    """Run Python in the service's own Django; what its last line prints as JSON."""
    said = inside(service, "python3", "manage.py", "shell", "--verbosity", "0", "-c", TELL + code)
    return json.loads(said.strip().splitlines()[-1])


def change(product: str, **changes) -> dict:
    return call(
        "products",
        "from products.services import product_change; "
        f"p = product_change(product_id=uuid.UUID({product!r}), changes={changes!r}); "
        "print(json.dumps([p.slug, p.stock, p.price_cents]))",
    )


def products_of(slugs: list[str]) -> list[str]:
    names = ", ".join(f"'{slug}'" for slug in slugs)
    return [row[0] for row in sql(f"SELECT id FROM products_product WHERE slug IN ({names})", database="products")]


def of_shop(product: str, column: str) -> str:
    return value(f"SELECT {column} FROM web_product WHERE id = '{product}'")


def stock_of(product: str) -> int:
    return int(value(f"SELECT stock FROM products_product WHERE id = '{product}'", database="products"))


def place(product: str, quantity: int, times: int) -> list[str]:
    """So many orders, each in a transaction of its own. None is rejected because this machine is slow."""
    return call(
        "orders",
        "from django.conf import settings; from orders.services import Item, order_place; "
        f"settings.ORDER_ANSWER_SECONDS = {PATIENCE}; "
        f"item = Item(uuid.UUID({product!r}), {quantity}); "
        f"print(json.dumps([str(order_place(user_id=uuid.uuid4(), items=[item]).id) for _ in range({times})]))",
    )


def states(orders: list[str]) -> dict[str, int]:
    names = ", ".join(f"'{order}'" for order in orders)
    query = f"SELECT status, count(*) FROM orders_order WHERE id IN ({names}) GROUP BY status"
    return {status: int(count) for status, count in sql(query, database="orders")}


def are_over(orders: list[str]) -> dict[str, int] | None:
    found = states(orders)
    return found if sum(found.get(end, 0) for end in ENDS) == len(orders) else None


def unconfirmed() -> int:
    of = "SELECT count(*) FROM bus_delivery WHERE confirmed_at IS NULL"
    return sum(int(value(of, database=database)) for database in ("products", "orders"))


ASK = (
    "import json, sys, requests; answer = requests.request(timeout=10, **json.load(sys.stdin)); "
    "print(json.dumps([answer.status_code, answer.json()]))"
)


def asked(port: int, path: str, method="GET", body: dict | None = None, **headers: str) -> tuple[int, dict]:
    """A service through its pool, asked from a container of the shop: status and JSON."""
    wish = {"method": method, "url": f"http://{NET_PREFIX}.2.21:{port}{path}", "json": body}
    wish["headers"] = {"Host": "localhost", **{name.replace("_", "-"): text for name, text in headers.items()}}
    status, answer = json.loads(inside("web", "python3", "-c", ASK, input=json.dumps(wish)))
    return status, answer


def identity(user: str, audience="orders", seconds=60) -> str:
    """What the gateway would sign of a customer."""
    now, keys = int(time.time()), json.loads(secret("identity_keys"))["keys"]
    kid = next(key["kid"] for key in keys if key["kid"].startswith("gateway-"))
    claims = {"iss": "gateway", "aud": audience, "sub": user, "role": "customer", "iat": now, "exp": now + seconds}
    return jwt.encode(claims, secret("identity_key_gateway"), algorithm="EdDSA", headers={"kid": kid})


def wipe_redis() -> None:
    """FLUSHALL on the broker, which no service may do."""
    command = "REDISCLI_AUTH=$(cat /run/secrets/redis) redis-cli --user operator flushall"
    assert "OK" in inside(redis_master(), "bash", "-c", command)


@pytest.fixture
def again():
    yield
    make_whole()


@pytest.fixture
def product(slugs) -> str:
    """One that these tests may sell."""
    return products_of(slugs[5:6])[0]


def test_the_shop_has_what_the_service_has(stack):
    """Every product came as an event: same ids, names, prices."""
    columns = "id, slug, name, price_cents, stock"
    query = f"SELECT {columns} FROM {{}}_product WHERE removed_at IS NULL ORDER BY id"

    def are_alike():
        theirs, ours = sql(query.format("products"), database="products"), sql(query.format("web"))
        assert len(theirs) > 1000
        return theirs == ours

    until(are_alike, 30, "the same products in both databases")


def test_a_new_price_reaches_the_shop_and_its_page(account, slugs, product):
    slug, _, old = change(product, price_cents=123_400)
    try:
        until(lambda: of_shop(product, "price_cents") == "123400", 10, "the price in the shop's table")
        until(lambda: "1,234.00" in account.get(PRODUCT.format(slug)).text, 15, "the price on the page")
    finally:
        change(product, price_cents=old if old != 123_400 else 4_200)


def test_an_order_takes_its_stock_and_a_cancelled_one_gives_it_back(product):
    change(product, stock=STOCK)
    (order,) = place(product, 3, 1)
    until(lambda: states([order]) == {"confirmed": 1}, 30, "the order confirmed")
    assert stock_of(product) == STOCK - 3
    until(lambda: of_shop(product, "stock") == str(STOCK - 3), 30, "the shop's figure")
    user = value(f"SELECT user_id FROM orders_order WHERE id = '{order}'", database="orders")
    call(
        "orders",
        "from orders.services import order_cancel; "
        f"order_cancel(user_id=uuid.UUID({user!r}), order_id=uuid.UUID({order!r})); print(0)",
    )
    until(lambda: stock_of(product) == STOCK, 30, "the stock given back")


def test_orders_for_more_than_there_is_are_rejected(product):
    change(product, stock=STOCK)
    orders = place(product, 7, 10)
    assert until(lambda: are_over(orders), 20, "ten orders ended") == {"confirmed": 5, "rejected": 5}
    assert stock_of(product) == STOCK - 5 * 7


MOVED = """BEGIN;
UPDATE products_product SET category_id =
(SELECT id FROM products_category WHERE id <> category_id LIMIT 1) WHERE id = '{}';
SELECT pg_sleep(10);
COMMIT"""


def test_a_product_whose_category_changes_just_then_is_not_taken_for_one_that_is_gone(product):
    change(product, stock=STOCK)
    category = value(f"SELECT category_id FROM products_product WHERE id = '{product}'", database="products")
    moving = threading.Thread(target=sql, args=(MOVED.format(product),), kwargs={"database": "products"})
    moving.start()
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    try:
        until(lambda: value(asleep) == "1", 10, "the row is locked", every=0.1)
        orders = place(product, 1, 1)
        assert until(lambda: are_over(orders), 40, "the order is over") == {"confirmed": 1}
    finally:
        moving.join()
        sql(f"UPDATE products_product SET category_id = '{category}' WHERE id = '{product}'", database="products")


@pytest.mark.parametrize("service", ["products-worker", "orders-worker", "web-worker"])
def test_killed_workers_and_a_wiped_redis_lose_nothing(product, service, again):
    """Both workers of a service die with orders in flight, and Redis forgets everything it carries."""
    change(product, stock=STOCK)
    orders = place(product, 1, ORDERS // 2)
    docker("kill", *[one.id for one in containers(service)])
    orders += place(product, 1, ORDERS // 2)
    wipe_redis()
    make_whole()
    ended = until(lambda: are_over(orders), 120, "every order ended")
    assert ended == {"confirmed": STOCK, "rejected": ORDERS - STOCK}
    assert stock_of(product) == 0
    until(lambda: of_shop(product, "stock") == "0", 40, "the shop's figure")
    until(lambda: unconfirmed() == 0, 60, "every event confirmed")


def test_a_message_that_is_no_event_is_put_aside_and_the_queue_moves_on(product):
    """Whoever may write to Redis can send anything: it ends in the dead letters, and costs no worker."""
    letters = "SELECT count(*) FROM bus_deadletter"
    before = int(value(letters, database="orders"))
    call(
        "products",
        "from datetime import UTC, datetime; from flotilla.bus.remote import RedisBroker; "
        "RedisBroker().publish('orders', [{'type': 'no event at all'}], datetime.now(UTC)); print(0)",
    )
    change(product, stock=STOCK)
    (order,) = place(product, 1, 1)
    until(lambda: states([order]) == {"confirmed": 1}, 30, "the next order")
    until(lambda: int(value(letters, database="orders")) == before + 1, 30, "the dead letter")
    gone = "DELETE FROM bus_deadletter WHERE body->>'type' = 'no event at all' RETURNING reason"
    reason = value(gone, database="orders")
    assert "missing, or not a text" in reason


# Says that it has a connection, and then whatever is answered.
PROBE = """exec 3<>/dev/tcp/$0/$1 || exit
echo connected
printf 'GET /readyz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3
cat <&3 || true"""


def probe(container: str, network: int, port: int) -> str:
    """From a container, a balancer's address on one of its networks: "connected", and the answer if there is one."""
    return inside(container, "bash", "-c", PROBE, f"{NET_PREFIX}.{network}.21", str(port))


@pytest.mark.parametrize("port", [8100, 8110, 8120, 8130])
def test_a_service_is_called_from_the_inner_network_only(stack, port):
    assert re.match(r"connected\nHTTP/1\.\d 200 ", probe("web", 2, port)), "the control: on the inner network"
    assert probe("nginx", 0, port) == "connected\n"


def test_who_has_no_identity_may_look_and_not_change(product):
    assert asked(8110, f"/products/{product}/")[0] == 200
    status, problem = asked(8110, f"/products/{product}/", "PATCH", {})
    assert (status, problem["title"]) == (401, "Unauthorized")


AGED = """
UPDATE keys_requestkey SET created_at = created_at - interval '25 hours'
WHERE convert_from(body, 'UTF8') LIKE '%{}%' RETURNING id
"""


def test_a_key_of_yesterday_is_another_order_and_of_several_at_once_one(product):
    """The claim takes the old row over, or the worker has just deleted it: to the client that is the same."""
    change(product, stock=STOCK)
    user, key = str(uuid.uuid4()), str(uuid.uuid4())
    wish = {"items": [{"product_id": product, "quantity": 1}]}

    def post(_=None) -> tuple[int, str]:
        status, order = asked(8120, "/orders/", "POST", wish, X_Identity=identity(user), Idempotency_Key=key)
        return status, order["id"]

    status, first = post()
    assert (status, post()) == (201, (201, first))
    assert len(sql(AGED.format(first), database="orders")) == 1
    with ThreadPoolExecutor(4) as pool:
        (status, second), *others = set(pool.map(post, range(4)))
    assert (status, others) == (201, [])
    assert second != first
    assert int(value(f"SELECT count(*) FROM orders_order WHERE user_id = '{user}'", database="orders")) == 2


def test_an_order_is_placed_once_for_each_key_and_is_its_users_alone(product):
    change(product, stock=STOCK)
    user, key = str(uuid.uuid4()), str(uuid.uuid4())
    wish = {"items": [{"product_id": product, "quantity": 2}]}

    def post(body: dict, **headers: str) -> tuple[int, dict]:
        return asked(8120, "/orders/", "POST", body, X_Identity=identity(user), **headers)

    assert post(wish)[0] == 400, "no key"
    status, order = post(wish, Idempotency_Key=key)
    assert (status, order["status"]) == (201, "pending")
    assert post(wish, Idempotency_Key=key) == (201, order)
    assert post({"items": [{"product_id": product, "quantity": 3}]}, Idempotency_Key=key)[0] == 422
    until(lambda: states([order["id"]]) == {"confirmed": 1}, 30, "the order confirmed")
    assert stock_of(product) == STOCK - 2
    assert asked(8120, f"/orders/{order['id']}/", X_Identity=identity(user))[1]["status"] == "confirmed"
    assert asked(8120, f"/orders/{order['id']}/", X_Identity=identity(str(uuid.uuid4())))[0] == 404
    assert asked(8120, f"/orders/{order['id']}/", X_Identity=identity(user, audience="products"))[0] == 401
    assert asked(8120, f"/orders/{order['id']}/", X_Identity=identity(user)[:-9])[0] == 401

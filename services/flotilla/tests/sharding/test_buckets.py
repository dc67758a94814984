"""The bucket rule: written down here, as it must never change."""

import uuid

import hypothesis
from hypothesis import strategies as st

from flotilla.sharding import buckets

IDS = st.uuids()


def test_the_rule():
    """Of SHA-256: b4c9…, 0b53…, e3b0… and the last ten bits of an id."""
    assert buckets.of_text("alice@example.com") == 0xFF8D % 1024
    assert buckets.of_text("") == 0xE3B0 % 1024 == 944
    assert buckets.of_id(uuid.UUID("0197a0a0-0000-7000-8000-0000000003ff")) == 1023
    assert buckets.of_id(uuid.UUID("0197a0a0-0000-7000-8000-000000000400")) == 0


@hypothesis.given(bucket=st.integers(0, buckets.BUCKETS - 1))
def test_a_new_id_is_one_of_its_bucket(bucket):
    made = buckets.new_id(bucket)
    assert (buckets.of_id(made), made.version, made.variant) == (bucket, 7, uuid.RFC_4122)


def test_new_ids_differ_and_are_in_order_of_time(monkeypatch):
    times = iter(range(10**18, 2 * 10**18, 10**15))
    monkeypatch.setattr("time.time_ns", lambda: next(times))
    made = [buckets.new_id(7) for _ in range(100)]
    assert made == sorted(set(made))


@hypothesis.given(text=st.text(st.characters(codec="utf-8")), id=IDS)
def test_everything_has_a_bucket(text, id):
    assert 0 <= buckets.of_text(text) < buckets.BUCKETS
    assert 0 <= buckets.of_id(id) < buckets.BUCKETS


def test_buckets_of_texts_are_even():
    found = [buckets.of_text(f"person.{n}@example.com") // 256 for n in range(8000)]
    assert all(1800 < found.count(quarter) < 2200 for quarter in range(4))

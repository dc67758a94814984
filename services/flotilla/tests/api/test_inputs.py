"""Strict input: known fields of their own JSON type; everything else is 400 with the field's name."""

import pytest
from rest_framework import serializers

from flotilla.api.inputs import Email, Flag, Id, Slug, StrictSerializer, Text, Whole
from flotilla.tests.api.making import body, served, view

pytestmark = pytest.mark.django_db


class Item(StrictSerializer):
    id = Id()
    quantity = Whole(min_value=1, max_value=99)


class Wish(StrictSerializer):
    name = Text(max_length=10)
    slug = Slug(required=False)
    email = Email(required=False)
    gift = Flag(required=False)
    items = Item(many=True, required=False)


def handle(request):
    wish = Wish(data=request.data)
    wish.is_valid(raise_exception=True)
    return {"name": wish.validated_data["name"]}


def sent(data, **extra):
    return served(view(handle, method="post"), "post", data, **extra)


ID = "0197a0a0-0000-7000-8000-000000000000"


def test_what_fits_is_taken():
    wish = {"name": " Oban ", "slug": "oban", "gift": True, "items": [{"id": ID, "quantity": 99}]}
    assert body(sent(wish)) == {"name": "Oban"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "x" * 11}, "name"),
        ({"name": "a\0"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"slug": 5}, "slug"),
        ({"slug": "a b"}, "slug"),
        *(
            ({"email": text}, "email")
            for text in (5, "x", "x@y", "\u212a@example.com", "a@\u00e4.com", "a" * 250 + "@b.com")
        ),
        ({"gift": 1}, "gift"),
        ({"gift": "true"}, "gift"),
        ({"colour": "red"}, "colour"),
        ({"\ud800": "red"}, "\ud800"),
        ({"items": {}}, "items"),
        ({"items": ["x"]}, "items[0]"),
        *(
            ({"items": [{"id": ID, "quantity": quantity}]}, "items[0].quantity")
            for quantity in (0, -1, 10**12, 1.5, 1.0, "two", "2", True, None, [], 10**400)
        ),
        *(({"items": [{"id": id, "quantity": 1}]}, "items[0].id") for id in (5, "x", ID[:-1], None)),
        ({"items": [{"id": ID, "quantity": 1, "price_cents": 1}]}, "items[0].price_cents"),
    ],
)
def test_what_does_not_fit_is_told_by_field(change, field):
    response = sent({"name": "Oban"} | change)
    assert response.status_code == 400
    assert [error["field"] for error in body(response)["errors"]] == [field]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"null", b'"text"', b"{'name': 'x'}", b'{"name": NaN}', b'{"name": "\xff"}', b"[" * 100_000,
        b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}", b"9" * 5000,
    ],
    ids=range(11),
)  # fmt: skip
def test_a_body_that_is_no_object_is_400(data):
    assert sent(data).status_code == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_of_another_kind_is_415(kind):
    content = b"--x--\r\n" if "multipart" in kind else b"name=Oban"
    assert sent(content, CONTENT_TYPE=kind).status_code == 415


@pytest.mark.parametrize("charset", ["rot13", "latin-1", "utf-16"])
def test_another_charset_is_400(charset):
    response = sent({"name": "Oban"}, CONTENT_TYPE=f"application/json; charset={charset}")
    assert response.status_code == 400
    assert "UTF-8" in body(response)["detail"]


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "unheard-of"])
def test_a_charset_that_is_utf_8_or_nothing_is_not_minded(charset):
    assert sent({"name": "Oban"}, CONTENT_TYPE=f"application/json; charset={charset}").status_code == 200


def test_fields_are_what_the_schema_takes_them_for():
    assert isinstance(Whole(), serializers.IntegerField)
    assert isinstance(Id(), serializers.UUIDField)


@pytest.mark.parametrize("given", ["tove@example.com", " Tove@EXAMPLE.com "])
def test_an_address_is_in_small_letters(given):
    assert Email().run_validation(given) == "tove@example.com"

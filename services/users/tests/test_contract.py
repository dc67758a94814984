"""Whatever is sent to the API, what it answers is in its schema."""

from pathlib import Path

import pytest

import users
from flotilla.api.identity import HEADER
from flotilla.tests.api import contract, making
from users import apis, logins
from users.tests.conftest import LOGIN
from users.wsgi import application

pytestmark = pytest.mark.django_db(databases="__all__")

schema = contract.schema(application, Path(users.__file__).with_name("openapi.yaml"))


def identified(role: str, user_id) -> dict[str, str]:
    return {HEADER: making.token(role, str(user_id), audience="users")}


@pytest.mark.parametrize("role", ["staff", "customer", None])
@schema.parametrize()
def test_every_answer_is_in_the_schema(case, role, user):
    contract.ask(case, identified(role, user.id) if role else {})


@schema.include(path_regex="^/auth/").parametrize()
def test_also_about_an_account_that_is_there(case, user):
    aim(case)
    contract.ask(case, {})


def aim(case) -> None:
    """What would do but for who is meant is the account's: made-up passwords and tokens all end at the same refusal."""
    if case.path == "/auth/token/" and apis.LoginInput(data=case.body).is_valid():
        case.body = LOGIN
    if case.path == "/auth/refresh/" and apis.RefreshInput(data=case.body).is_valid():
        case.body = {"refresh": logins.user_login(**LOGIN).refresh}


@pytest.mark.parametrize("role", ["staff", "customer"])
@schema.include(path_regex="user_id").parametrize()
def test_also_about_somebody_s_orders(case, role, user):
    case.path_parameters = {"user_id": str(user.id)}
    contract.ask(case, identified(role, user.id))

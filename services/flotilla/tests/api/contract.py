"""Requests made from a service's own OpenAPI, good and bad ones: whatever comes back must be one of its answers.

    schema = contract.schema(application, COMMITTED)

    @schema.parametrize()
    def test_it(case, db): contract.ask(case, headers)

In process, without a socket, and the same requests in every run: for each operation the bounds of each of its fields,
and EXAMPLES at random beside them.
"""

from pathlib import Path

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

EXAMPLES = 20
CONFIG = {
    "generation": {
        "max-examples": EXAMPLES,
        "deterministic": True,
        "database": "none",
        "no-shrink": True,  # the failing request is shown as it is; looking for a smaller one costs hundreds more
        "with-security-parameters": False,  # who asks is the test's own choice
    },
    "phases": {"examples": {"enabled": False}, "coverage": {"unexpected-methods": []}},
    "suppress-health-check": ["all"],
    "analysis": {"constants": {"enabled": False}},
}
ANY = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# An empty parameter of a query is taken for one that is not given, so only bodies are held to it.
WITH_BODY = [*ANY, checks.negative_data_rejection]


def schema(application, committed: Path) -> schemathesis.BaseSchema:
    """Of a service's WSGI application, by the file that is committed: another test compares it with the code."""
    loaded = schemathesis.openapi.from_path(committed, config=schemathesis.Config.from_dict(CONFIG))
    loaded.app = application
    return loaded


def ask(case: schemathesis.Case, headers: dict[str, str]) -> schemathesis.Response:
    """AssertionError with all that is wrong about the answer, and the request as a command."""
    wanted = WITH_BODY if case.operation.body else ANY
    return case.call_and_validate(headers={"Host": "testserver", **headers}, checks=wanted)

"""A wrong argument is one sentence that names make's setting, and status 2."""

import pytest

from stack.arguments import Parser, number


@pytest.fixture
def parser() -> Parser:
    made = Parser(prog="tool")
    verbs = made.add_subparsers(required=True, dest="verb")
    verb = verbs.add_parser("drill")
    verb.add_argument("--runs", type=number("RUNS", int, 1, 100))
    verb.add_argument("--rate", type=number("RATE", float, 0.5, 300))
    return made


def test_numbers_within_their_bounds_are_taken(parser):
    options = parser.parse_args(["drill", "--runs", "100", "--rate", "0.5"])
    assert (options.runs, options.rate) == (100, 0.5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["drill", "--runs", "many"], "RUNS=many: use a whole number from 1 to 100."),
        (["drill", "--runs", "1.5"], "RUNS=1.5: use a whole number from 1 to 100."),
        (["drill", "--runs", "0"], "RUNS=0: use a whole number from 1 to 100."),
        (["drill", "--rate", "nan"], "RATE=nan: use a number from 0.5 to 300."),
        (["drill", "--rate", "1e999"], "RATE=1e999: use a number from 0.5 to 300."),
        (["drill", "--ra", "1"], "unrecognized arguments: --ra 1"),
    ],
)
def test_a_wrong_one_is_one_sentence(parser, words, said, capsys):
    with pytest.raises(SystemExit) as end:
        parser.parse_args(words)
    assert end.value.code == 2
    assert capsys.readouterr().err == f"error: {said}\n"

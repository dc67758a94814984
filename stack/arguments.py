"""The arguments of a tool: a wrong one is one sentence with the name of the setting that make takes, and status 2."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """argparse without its usage lines, which name options that nobody has typed: make's settings become them."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        words = message.partition(": ")[2] if message.startswith("argument ") else message
        print(f"error: {words}", file=sys.stderr)
        sys.exit(2)


def number(setting: str, kind: type, low: float, high: float) -> Callable[[str], float]:
    """An argument's type: a number between two bounds."""

    def parse(text: str):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            whole = "whole " if kind is int else ""
            raise argparse.ArgumentTypeError(f"{setting}={text}: use a {whole}number from {low:g} to {high:g}.")
        return value

    return parse

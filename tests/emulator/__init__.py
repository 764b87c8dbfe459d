"""The AWS of the tests and the demo: moto, and in front of it what moto lacks (README.md)."""

from tests.emulator.server import Emulator

__all__ = ["Emulator"]

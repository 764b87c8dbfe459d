"""`python -m tests.emulator --port N`: serve until ended."""

from tests.emulator.server import main

main()

"""What a planned change would do: applied to the evidence, without making it.

A plan becomes edits of the describe output, so the same reader and engine judge before and after.
Kinds of resources that are not applied are told, never guessed.
"""

from openinspector.assess.network.whatif.plan import Planned, planned
from openinspector.assess.network.whatif.widened import widened

__all__ = ["Planned", "planned", "widened"]

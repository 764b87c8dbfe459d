"""The advisory database, for one call."""

import logging

from openinspector.advisories import AdvisoryDatabase
from openinspector.api.call import Call
from openinspector.model import DatabaseError
from openinspector.model.refusal import Refusal

_MISSING = (
    "The server has no usable advisory database: run `openinspector db update` on it, or serve with"
    " `--db FILE`."
)
_log = logging.getLogger(__name__)


def open_knowledge(call: Call) -> AdvisoryDatabase:
    """Open it; whoever asks closes it. Raises `Refusal` that says what to run when there is none.

    The server's log names the file; the answer does not, for callers are no operators.
    """
    try:
        return call.service.knowledge()
    except DatabaseError as error:
        _log.error("%s", error)
        raise Refusal(_MISSING) from error

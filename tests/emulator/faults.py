"""Faults that are switched on for some calls, spelled as each service spells them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.emulator.http import Answer, Request, json_error

_XML = frozenset({"ec2", "sts", "iam", "autoscaling", "cloudwatch"})

SPELLED = {
    "throttled": ("ThrottlingException", "RequestLimitExceeded", 400, 503),
    "denied": ("AccessDeniedException", "UnauthorizedOperation", 400, 403),
    "expired": ("ExpiredTokenException", "ExpiredToken", 400, 400),
    "failing": ("InternalServerError", "InternalError", 500, 500),
}
"""Fault -> code and status of services that speak JSON, and of those that speak XML."""


@dataclass
class Fault:
    """Which calls fail, how, and how many more times (None: until it is taken away)."""

    kind: str
    applies: Callable[[Request], bool]
    left: int | None = None


@dataclass
class Faults:
    """All that are switched on."""

    active: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        kind: str,
        service: str,
        operation: str = "",
        account: str = "",
        times: int | None = None,
    ) -> Fault:
        """Let calls fail; empty parts match everything."""

        def applies(request: Request) -> bool:
            return (
                request.scope[2] == service
                and operation in ("", request.operation)
                and account in ("", request.account)
            )

        assert kind in SPELLED or kind == "slow"
        fault = Fault(kind, applies, times)
        self.active.append(fault)
        return fault

    def answer(self, request: Request) -> Answer | None:
        with self._lock:
            fault = next((each for each in self.active if each.applies(request)), None)
            if fault is None:
                return None
            if fault.left is not None:
                fault.left -= 1
                if fault.left <= 0:
                    self.active.remove(fault)
        if fault.kind == "slow":
            time.sleep(2)
            return None
        json_code, xml_code, json_status, xml_status = SPELLED[fault.kind]
        if request.scope[2] in _XML:
            text = (
                f"<Response><Errors><Error><Code>{xml_code}</Code><Message>as told</Message>"
                "</Error></Errors><RequestID>1</RequestID></Response>"
            )
            if request.scope[2] != "ec2":
                text = (
                    f"<ErrorResponse><Error><Code>{xml_code}</Code><Message>as told</Message>"
                    "</Error><RequestId>1</RequestId></ErrorResponse>"
                )
            return Answer(xml_status, text.encode(), {"Content-Type": "text/xml"})
        return json_error(json_code, "as told", json_status)

"""Faults that are switched on for some calls, spelled as each service spells them.

Codes and statuses: "Common errors" of each service's API reference; EC2's "Error codes".
"""

import time
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import NamedTuple

from werkzeug.wrappers import Response

from tests.emulator.errors import AwsError

KINDS = (
    *("throttled", "denied", "expired", "failing", "unavailable", "error"),
    *("slow", "dropped", "partial", "corrupt"),
)


class _Spelling(NamedTuple):
    code: str
    status: int


_ALL = {
    "throttled": _Spelling("ThrottlingException", 400),
    "denied": _Spelling("AccessDeniedException", 400),
    "expired": _Spelling("ExpiredTokenException", 400),
    "failing": _Spelling("InternalServerError", 500),
    "unavailable": _Spelling("ServiceUnavailable", 503),
}
_QUERY = {
    "throttled": _Spelling("Throttling", 400),
    "denied": _Spelling("AccessDenied", 403),
    "expired": _Spelling("ExpiredToken", 403),
    "failing": _Spelling("InternalFailure", 500),
}
_SPELLED: dict[str, dict[str, _Spelling]] = {
    "ec2": {
        "throttled": _Spelling("RequestLimitExceeded", 503),
        "denied": _Spelling("UnauthorizedOperation", 403),
        "expired": _Spelling("RequestExpired", 400),
        "failing": _Spelling("InternalError", 500),
        "unavailable": _Spelling("Unavailable", 503),
    },
    "ebs": {
        "throttled": _Spelling("RequestThrottledException", 400),
        "denied": _Spelling("AccessDeniedException", 403),
        "expired": _Spelling("ExpiredTokenException", 403),
        "failing": _Spelling("InternalServerException", 500),
    },
    "ecr": {"failing": _Spelling("ServerException", 500)},
    "lambda": {
        "throttled": _Spelling("TooManyRequestsException", 429),
        "denied": _Spelling("AccessDeniedException", 403),
        "expired": _Spelling("ExpiredTokenException", 403),
        "failing": _Spelling("ServiceException", 500),
    },
    "organizations": {
        "throttled": _Spelling("TooManyRequestsException", 400),
        "failing": _Spelling("ServiceException", 500),
    },
    "s3": {
        "throttled": _Spelling("SlowDown", 503),
        "denied": _Spelling("AccessDenied", 403),
        "expired": _Spelling("ExpiredToken", 400),
        "failing": _Spelling("InternalError", 500),
    },
    "sts": _QUERY,
    "iam": _QUERY,
    "cloudwatch": _QUERY,
}
_MESSAGES = {
    "throttled": "Rate exceeded",
    "denied": "User is not authorized to perform this operation",
    "expired": "The security token included in the request is expired",
    "failing": "An internal error has occurred",
    "unavailable": "The service is unavailable. Please try again shortly.",
}


@dataclass
class Fault:
    """Calls that fail: those that match every part that is given.

    `kind` is one of `KINDS`; `times` is how many more calls fail (None: all), after `after` that
    do not, each with a `probability`. `per_second`: so many calls a second do not fail, as many at
    once after a pause. `seconds` is for slow, `most` (items of a page) for partial, `code` and
    `status` for error.
    """

    kind: str
    service: str = ""
    operation: str = ""
    account: str = ""
    region: str = ""
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    per_second: float = 0.0
    seconds: float = 2.0
    most: int = 1
    code: str = "InternalError"
    status: int = 400

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")
        self._lock, self._left, self._seen = Lock(), self.per_second, time.monotonic()

    def matches(self, service: str, operation: str, account: str, region: str) -> bool:
        """Whether it is about such a call."""
        asked = (service, operation, account, region)
        wanted = (self.service, self.operation, self.account, self.region)
        return all(want in ("", have) for want, have in zip(wanted, asked, strict=True))

    def lets_pass(self) -> bool:
        """Whether a call is one of those that are still allowed this second."""
        with self._lock:
            now = time.monotonic()
            more = (now - self._seen) * self.per_second
            self._left, self._seen = min(self._left + more, self.per_second), now
            if self._left < 1:
                return False
            self._left -= 1
            return True


class Faults:
    """All that are switched on."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._random = Random(0)

    def add(
        self,
        kind: str,
        service: str = "",
        operation: str = "",
        account: str = "",
        **more: float | str,
    ) -> Fault:
        """Let calls fail; empty parts match everything."""
        fault = Fault(kind, service, operation, account, **more)  # type: ignore[arg-type]
        self.active.append(fault)
        return fault

    def draw(self, service: str, operation: str, account: str, region: str) -> Fault | None:
        """The fault that such a call meets now; it is used up by one."""
        for fault in self.active:
            if not fault.matches(service, operation, account, region):
                continue
            if fault.after > 0:
                fault.after -= 1
            elif fault.per_second and fault.lets_pass():
                continue
            elif self._random.random() < fault.probability:
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.active.remove(fault)
                return fault
        return None


def error_of(fault: Fault, service: str) -> AwsError | None:
    """The error of a signed call that meets a fault, if it is one."""
    _pass_by(fault)
    if fault.kind == "error":
        return AwsError(fault.code, "The emulator was told to fail", fault.status)
    spelled = {**_ALL, **_SPELLED.get(service, {})}.get(fault.kind)
    return AwsError(spelled.code, _MESSAGES[fault.kind], spelled.status) if spelled else None


def plain(fault: Fault) -> Response | None:
    """The answer of a registry or of a download that meets a fault, if it is an error."""
    _pass_by(fault)
    status = {
        "throttled": 429,
        "denied": 403,
        "expired": 403,
        "failing": 500,
        "unavailable": 503,
        "error": fault.status,
    }.get(fault.kind)
    return Response(_MESSAGES[fault.kind], status) if status else None


def damaged(response: Response) -> Response:
    """An answer of which half is missing, though it says that it is all there is."""
    response.direct_passthrough = False
    body = response.get_data()
    response.set_data(body[: len(body) // 2])
    return response


def _pass_by(fault: Fault) -> None:
    if fault.kind == "slow":
        time.sleep(fault.seconds)
    if fault.kind == "dropped":
        raise ConnectionResetError("the emulator was told to drop the connection")

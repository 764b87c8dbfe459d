"""How many calls of one operation run at once in an account and Region.

AWS throttles by account, Region and operation, and other clients of the account share what there
is. Sources of what is known to be scarce: EC2 "Request throttling" (changing calls refill by 5 a
second), EBS direct APIs quotas (GetSnapshotBlock 1,000 a second), Lambda quotas (15 a second for
all but GetFunction), Tagging API quotas. How fast they follow one another is botocore's business:
its adaptive mode slows a client down as soon as AWS throttles it.
"""

import threading
from collections.abc import Mapping
from typing import Any

AT_ONCE: Mapping[tuple[str, str], int] = {
    ("ebs", "GetSnapshotBlock"): 32,
    ("ec2", "CreateSnapshots"): 2,
    ("ec2", "DeleteSnapshot"): 2,
    ("lambda", "GetLayerVersionByArn"): 2,
    ("cloudwatch", "GetMetricData"): 2,
    ("resourcegroupstaggingapi", "GetResources"): 2,
}
"""Service and operation -> calls of a process that run at once."""
OTHERS = 4
"""Those of every other operation."""


def limit(client: Any, service: str) -> None:
    """Let calls of a boto3 client wait for those that run; threads share it."""
    call, lock = client._make_api_call, threading.Lock()
    slots: dict[str, threading.Semaphore] = {}

    def limited(operation: str, arguments: Mapping[str, Any]) -> Any:
        with lock:
            if operation not in slots:
                slots[operation] = threading.Semaphore(AT_ONCE.get((service, operation), OTHERS))
        with slots[operation]:
            return call(operation, arguments)

    client._make_api_call = limited

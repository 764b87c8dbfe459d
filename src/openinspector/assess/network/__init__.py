"""Network reachability: who can reach which ports of an instance, over which exact path.

Evidence is the describe output of an account's network; knowledge is AWS's semantics. The answers
are exact sets of addresses and ports, computed by interval algebra; nothing is sampled or sent.
"""

from openinspector.assess.network.evidence import Network, read_network
from openinspector.assess.network.findings import network_finding
from openinspector.assess.network.reach import Opening, Step, Verdict, explain, openings

__all__ = [
    "Network",
    "Opening",
    "Step",
    "Verdict",
    "explain",
    "network_finding",
    "openings",
    "read_network",
]

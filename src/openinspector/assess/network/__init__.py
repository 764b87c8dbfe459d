"""Network reachability: who can reach which ports of an instance, over which exact path.

Evidence is the describe output of an account's network; knowledge is AWS's semantics. The answers
are exact sets of addresses and ports, computed by interval algebra; nothing is sampled or sent.
"""

from openinspector.assess.network.evidence import Interface, Network, read_network
from openinspector.assess.network.explain import Verdict, explain
from openinspector.assess.network.findings import network_finding
from openinspector.assess.network.incremental import Results, compute, recompute
from openinspector.assess.network.parts import Memory
from openinspector.assess.network.reach import Opening, openings
from openinspector.assess.network.ways import ORIGINS, Origin, Step

__all__ = [
    "ORIGINS",
    "Interface",
    "Memory",
    "Network",
    "Opening",
    "Origin",
    "Results",
    "Step",
    "Verdict",
    "compute",
    "explain",
    "network_finding",
    "openings",
    "read_network",
    "recompute",
]

"""Assess: evidence x knowledge -> observations -> findings. Pure: no I/O, no network, no clock."""

from openinspector.assess.assessment import Assessment, Options, Summary, assess
from openinspector.assess.ignore import Entry, IgnoreError, parse_ignore
from openinspector.assess.observation import Observation, PackageMatch, RuledOut
from openinspector.assess.packages import Matching, match
from openinspector.assess.resources import Place
from openinspector.assess.vex import Statement, VexError, parse_vex

__all__ = [
    "Assessment",
    "Entry",
    "IgnoreError",
    "Matching",
    "Observation",
    "Options",
    "PackageMatch",
    "Place",
    "RuledOut",
    "Statement",
    "Summary",
    "VexError",
    "assess",
    "match",
    "parse_ignore",
    "parse_vex",
]

"""Bottlerocket's application inventory."""

import json

from openinspector.inventory.cataloger import run
from openinspector.inventory.catalogers import bottlerocket
from openinspector.inventory.distribution import identify, stamp, unjudged
from openinspector.model import Gap, Package

(CATALOGER,) = bottlerocket.CATALOGERS
PATH = "usr/share/bottlerocket/application-inventory.json"


def test_an_inventory():
    entries = [
        {
            "Name": "kernel-6.1",
            "Publisher": "Bottlerocket",
            "Version": "6.1.66",
            "Release": "1.1706144871.3fcb1f1b.br1",
            "Epoch": "0",
            "Architecture": "x86_64",
        },
        {"Name": "containerd", "Version": "1.7.11", "Release": "1", "Epoch": "1"},
        {"Name": "nameless version"},
        "noise",
    ]
    found = run(CATALOGER, PATH, json.dumps({"Content": entries}).encode())
    packages = [one for one in found if isinstance(one, Package)]
    assert [(one.name, one.version, one.arch) for one in packages] == [
        ("kernel-6.1", "6.1.66-1.1706144871.3fcb1f1b.br1", "x86_64"),
        ("containerd", "1:1.7.11-1", None),
    ]
    assert found[-1] == Gap("os-packages", "2 entries without name or version", PATH)
    distribution = identify({"ID": "bottlerocket", "VERSION_ID": "1.19.0"})
    stamped = stamp(packages, distribution)
    assert stamped[1].purl == ("pkg:rpm/bottlerocket/containerd@1.7.11-1?distro=1.19.0&epoch=1")
    assert unjudged(stamped, distribution) == []

"""This machine as a tree: its root file system without what is not its own software."""

import os
from collections.abc import Iterable

from openinspector.inventory.host import read_host
from openinspector.inventory.limits import Limits
from openinspector.inventory.trees.directory import DirectoryTree

_VIRTUAL = """
    autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl
    hugetlbfs mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs
"""
"""File systems that hold no files, only views of the kernel."""

_REMOTE = """
    9p afs ceph cifs fuse.gcsfuse fuse.glusterfs fuse.s3fs fuse.sshfs glusterfs lustre nfs nfs4
    smb3 virtiofs
"""
"""File systems that lie on another machine, which is scanned where it is."""

_IMAGES = (
    "var/lib/containerd",
    "var/lib/containers/storage",
    "var/lib/docker",
    "var/lib/rancher/k3s/agent/containerd",
)
"""Where container runtimes keep images: software of those images, targets of their own."""


def host_tree(limits: Limits) -> DirectoryTree:
    """The tree of this machine."""
    passed_over, notes = _passed_over(_mounts())
    own = read_host()
    tree = DirectoryTree("/", limits, "host", own.name, passed_over)
    tree.kernel = own.kernel
    tree.notes = notes
    return tree


def _mounts() -> list[tuple[str, str]]:
    """Mount points and their file systems, by proc(5); none where there is no such file."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) > 4 and after:
            found.append((_unescape(fields[4]), after.split(" ")[0]))
    return found


def _unescape(text: str) -> str:
    """Undo the octal escapes of mountinfo."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def _passed_over(mounts: Iterable[tuple[str, str]]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Folders not to enter, and notes on those that a user may miss."""
    folders = set()
    notes = []
    for point, file_system in mounts:
        path = point.strip("/")
        if not path:
            continue
        if file_system in _VIRTUAL.split():
            folders.add(path)
        elif file_system in _REMOTE.split():
            folders.add(path)
            notes.append(f"/{path} was passed over: {file_system}, on another machine")
    for path in _IMAGES:
        if os.path.isdir(f"/{path}"):
            folders.add(path)
            notes.append(f"/{path} was passed over: container images are targets of their own")
    return frozenset(folders), tuple(dict.fromkeys(notes))

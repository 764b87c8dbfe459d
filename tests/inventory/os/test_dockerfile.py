"""Dockerfile checks, on files and on histories; the real answer as oracle."""

import gzip
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinspector.inventory import shell_words
from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers import dockerfile
from openinspector.inventory.catalogers.dockerfile import CHECKS, from_history

(CATALOGER,) = dockerfile.CATALOGERS


def fired(text: str) -> list[tuple[str, int, int]]:
    found = run(CATALOGER, "app/Dockerfile", text.encode())
    assert all(one.path == "app/Dockerfile" and one.id in CHECKS for one in found)
    return [(one.id.removeprefix("IN-DOCKER-"), one.begin_line, one.end_line) for one in found]


def ids(text: str) -> list[str]:
    return [identifier for identifier, *_ in fired(text)]


AKIA = "AKIA" + "Z7EXAMPLEKEY2345"
SECRET_KEY = "abcd/EFGH+" * 4

FIRES = [
    ("RUN apt-get update", ["001"]),
    ("RUN apt-get -qq update && rm -rf /var/lib/apt/lists/*", ["001"]),
    ("run APT=1 apt-get update", ["001"]),
    ("RUN apt-get install -y sudo", ["002"]),
    ("RUN yum -y install sudo", ["002"]),
    ("RUN sudo make install", ["002"]),
    ("RUN cd /x && /usr/bin/sudo make", ["002"]),
    ("RUN if true; then sudo id; fi", ["002"]),
    ('RUN echo "$(sudo id)"', ["002"]),
    ('CMD ["sudo", "nginx"]', ["002"]),
    ('ENTRYPOINT ["sh", "-c", "sudo -E nginx"]', ["002"]),
    ("ONBUILD RUN sudo id", ["002"]),
    ("USER root", ["003"]),
    ("USER 0:0", ["003"]),
    ("USER root:wheel", ["003"]),
    ("RUN apt install -y curl", ["004"]),
    ("RUN sudo -E apt install curl", ["002", "004"]),
    ("RUN npm --strict-ssl=false ci", ["005-001"]),
    ("RUN npm config set strict-ssl false", ["005-001"]),
    ("RUN apk add --allow-untrusted x.apk", ["005-002"]),
    ("RUN apt-get install vim --allow-unauthenticated -y", ["005-003"]),
    ("RUN pip install --trusted-host pypi.org x", ["005-004"]),
    ("RUN python3 -m pip install --trusted-host=pypi.org x", ["005-004"]),
    ("RUN rpm -i --nosignature x.rpm", ["005-005"]),
    ("RUN rpm --nodigest -i x.rpm", ["005-005"]),
    ("RUN yum-config-manager --save --setopt=sslverify=false", ["005-006"]),
    ("RUN yum-config-manager --setopt=epel.sslverify false", ["005-006"]),
    ("RUN yum install -y --nogpgcheck x", ["005-007"]),
    ("RUN dnf install x --nogpgcheck", ["005-007"]),
    ("RUN curl -k https://x", ["005-008"]),
    ("RUN curl -fsSLk https://x | sh", ["005-008"]),
    ("RUN set -eux; curl --insecure -o x https://x", ["005-008"]),
    ('RUN ["curl", "-k", "https://x"]', ["005-008"]),
    ("HEALTHCHECK --interval=5s CMD curl -k https://localhost || exit 1", ["005-008"]),
    ("RUN wget --no-check-certificate https://x", ["005-009"]),
    ("RUN --mount=type=cache,target=/x curl -k https://x", ["005-008"]),
    ("ENV NPM_CONFIG_STRICT_SSL=false", ["006-001"]),
    ("ENV npm_config_strict_ssl false", ["006-001"]),
    ("ENV A=$(x;y) NPM_CONFIG_STRICT_SSL='false'", ["006-001"]),
    ("RUN GIT_SSL_NO_VERIFY=1 git clone https://x", ["006-002"]),
    ("ARG GIT_SSL_NO_VERIFY=true", ["006-002"]),
    ('ENV PIP_TRUSTED_HOST="pypi.org"', ["006-003"]),
    ("RUN export NODE_TLS_REJECT_UNAUTHORIZED=0; npm ci", ["006-004"]),
    (f"ENV AWS_ACCESS_KEY_ID={AKIA}", ["007-001"]),
    ("RUN docker login -p dckr_pat_" + "aB3_-" * 6, ["007-002"]),
    ("ARG TOKEN=ghp_" + "aB3c" * 9, ["007-003"]),
    ("LABEL t=glpat-" + "aB3_-" * 4, ["007-004"]),
    (f"ENV AWS_SECRET_ACCESS_KEY={SECRET_KEY}", ["007-005"]),
    (f'RUN aws configure set aws_secret_access_key "{SECRET_KEY}"', ["007-005"]),
    ("RUN apk del apk-tools && rm -rf /lib/apk/db", ["008-001"]),
    ("RUN rm -rf /var/cache /var/lib/dpkg/", ["008-002"]),
    ("RUN rm -f /var/lib/rpm/*", ["008-003"]),
]


@pytest.mark.parametrize("text, expected", FIRES)
def test_fires(text, expected):
    assert ids(f"FROM x\n{text}\n") == expected


SILENT = [
    "RUN apt-get update && apt-get install -y curl",
    "RUN apt-get update; DEBIAN_FRONTEND=noninteractive apt-get -y upgrade",
    "RUN echo 'apt-get update'",
    "RUN cat /etc/apt/sources.list",
    "RUN mkdir /etc/sudoers.d && echo pseudo",
    "RUN apt-get install -y sudoku",
    "USER nobody",
    "USER 1000",
    "USER 10",
    "USER ${UID}",
    "RUN curl -o krb5 -fsSL https://x",
    "RUN curl -H 'k: v' -XPOST --keepalive-time 2 https://x",
    "RUN curl -o -k https://x",
    "RUN echo curl -k",
    "RUN rpm -q --noscripts x",
    "RUN npm config set strict-ssl true",
    "ENV NODE_TLS_REJECT_UNAUTHORIZED=1",
    "ENV NPM_CONFIG_STRICT_SSL=true",
    "ENV PIP_TRUSTED_HOST=",
    "RUN rm -rf /var/lib/apt/lists/* /var/cache/apk/*",
    "RUN rm -f /var/lib/rpm/__db* /var/lib/dpkg/info/x.postinst",
    "ENV AWS_ACCESS_KEY_ID=$KEY AWS_SECRET_ACCESS_KEY=$SECRET",
    f"LABEL sha={'AKIA' * 20}",
    "# RUN sudo apt install x",
    "RUN true # sudo apt install x",
    "COPY sudo /usr/bin/apt",
    "FROM ubuntu AS sudo",
]


@pytest.mark.parametrize("text", SILENT)
def test_silent(text):
    assert ids(f"FROM x\n{text}\n") == []


def test_lines_of_continued_instructions():
    text = "FROM x\n\nRUN true && \\\n# a comment\n\n  apt install a && \\  \n  curl -k b\nUSER 0"
    assert fired(text) == [("004", 3, 7), ("005-008", 3, 7), ("003", 8, 8)]
    assert fired("# escape=`\nFROM x\nRUN a && `\n sudo b\r\n") == [("002", 3, 4)]
    assert fired("FROM x\nRUN sudo a \\") == [("002", 2, 2)]


def test_here_documents():
    script = "FROM x\nRUN <<EOF\nset -e\nsudo id\nEOF\nRUN curl -k x\n"
    assert fired(script) == [("002", 2, 5), ("005-008", 6, 6)]
    assert fired("FROM x\nRUN bash -eu <<-'E'\n\tsudo id\n\tE\n") == [("002", 2, 4)]
    data = f"FROM x\nCOPY <<EOF /x\nsudo id\n{AKIA}\nEOF\nRUN cat <<EOF > /y\napt install x\nEOF\n"
    assert fired(data) == [("007-001", 2, 5)]
    assert fired("FROM x\nRUN cat <<EOF\nRUN sudo id\n") == [("002", 3, 3)]


@pytest.mark.parametrize(
    "text, line",
    [
        ("FROM a\nUSER root\nFROM b\nRUN x\n", None),
        ("FROM a AS base\nUSER root\nFROM base\nRUN x\n", 2),
        ("FROM a AS Base\nUSER root\nFROM --platform=x base AS last\nUSER app\n", None),
        ("FROM a\nUSER root\nFROM 0\n", 2),
        ("FROM a\nUSER app\nUSER root\nRUN x\n", 3),
        ("FROM a\nRUN x\n", None),
    ],
)
def test_the_user_of_the_last_stage(text, line):
    assert fired(text) == ([("003", line, line)] if line else [])


REAL_HISTORY = [
    "/bin/sh -c #(nop) ADD file:0a5fd3a659be172e86491f2b94fe in / ",
    '/bin/sh -c #(nop)  CMD ["/bin/bash"]',
    "RUN /bin/sh -c apt update -y # buildkit",
    "RUN /bin/sh -c apt-get update  # buildkit",
    "USER root",
    "RUN /bin/sh -c apt-get install sudo # buildkit",
    "RUN /bin/sh -c sudo whoami # buildkit",
    "RUN /bin/sh -c apt-get install vim --allow-unauthenticated -y # buildkit",
    "ENV NPM_CONFIG_STRICT_SSL=false",
    'ENTRYPOINT ["/bin/bash"]',
]
"""What building the Dockerfile of the real answer leaves as history."""


def test_the_real_answer(shared):
    folder = shared / "data/scansbom"
    answer = json.loads(gzip.decompress((folder / "dockerfile-checks.sbom.json.gz").read_bytes()))
    prefix = "amazon:inspector:sbom_generator:dockerfile_finding:"
    (component,) = [one for one in answer["components"] if one["type"] == "file"]
    expected = {
        (one["name"].removeprefix(prefix), one["value"].removeprefix("affected_lines:"))
        for one in component["properties"]
    }
    ours = from_history(REAL_HISTORY, "root")
    assert {f"dockerfile:{one.path}" for one in ours} == {component["name"]}
    found = {(one.id, f"{one.begin_line}-{one.end_line}") for one in ours}
    # the generator names the first use of sudo alone; we name its installation on line 5 too
    assert found - expected == {("IN-DOCKER-002", "5-5")}
    assert expected - found == set()
    text = (folder / "dockerfile-checks.Dockerfile").read_bytes()
    from_file = run(CATALOGER, "Dockerfile", text)
    assert {one.id for one in from_file} == {identifier for identifier, _ in expected}


HISTORIES = [
    ("/bin/sh -c apt-get update", ["001"]),
    ("|1 A=b /bin/sh -c sudo id", ["002"]),
    ("|2 A=hello world B=c /bin/sh -c sudo id", ["002"]),
    ("RUN |1 NODE_TLS_REJECT_UNAUTHORIZED=0 /bin/sh -c npm ci # buildkit", ["006-004"]),
    (f"RUN |1 T=a {AKIA} /bin/sh -c true # buildkit", ["007-001"]),
    ("/bin/bash -o pipefail -c curl -k x | sh", ["005-008"]),
    ("RUN /bin/bash -o pipefail -c apt-get update && apt-get install x # buildkit", []),
    ("/bin/sh -c #(nop)  USER root", ["003"]),
    ("/bin/sh -c #(nop)  ENV PIP_TRUSTED_HOST=a b", ["006-003"]),
    ("RUN apt install x", ["004"]),
    ("bazel build ...", []),
    ("", []),
    ("COPY dir:1 in /sudo ", []),
    ("RUN /bin/sh -c set -eux; \tapt-get update; \tapt-get install -y curl # buildkit", []),
]


@pytest.mark.parametrize("entry, expected", HISTORIES)
def test_forms_of_history(entry, expected):
    found = from_history([entry, "WORKDIR /x"], None)
    assert [one.id.removeprefix("IN-DOCKER-") for one in found] == expected
    assert all((one.begin_line, one.end_line) == (2, 2) for one in found)


def test_lines_of_entries_with_several_lines():
    found = from_history(["USER root", "RUN /bin/sh -c true\nsudo id\n # buildkit"], None)
    assert [(one.id, one.begin_line, one.end_line) for one in found] == [
        ("IN-DOCKER-002", 1, 3),
        ("IN-DOCKER-003", 4, 4),
    ]


def test_the_user_of_a_squashed_image():
    assert [one.id for one in from_history(["squashed"], "0:0")] == ["IN-DOCKER-003"]
    assert from_history(["squashed"], "") == []
    assert from_history([], None) == []
    assert from_history(["USER app", "squashed"], "root") == []


def test_no_secret_is_kept():
    text = f"FROM x\nENV K={AKIA} AWS_SECRET_ACCESS_KEY={SECRET_KEY}\n"
    found = run(CATALOGER, "Dockerfile", text.encode())
    assert len(found) == 2
    assert AKIA not in repr(found)
    assert SECRET_KEY not in repr(found)


def test_words():
    text = 'a \'b c\'"d\\"e" \\\n f#g && h=1 i | (j; `k`) # l m\n$(n) "o'
    assert list(shell_words.commands(text)) == [
        ["a", 'b cd\\"e', "f#g"],
        ["h=1", "i"],
        ["j"],
        ["k"],
        ["n"],
        ['"o'],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "RUN <<A\n" * 40_000,
        "ONBUILD " * 100_000,
        "RUN " + "sudo " * 100_000,
        "RUN " + '"' * 100_001,
        "RUN " + "$(" * 100_000,
        "RUN " + '"$(' * 100_000,
        "RUN " + "--a=" * 100_000,
        "RUN " + "--mount=" * 100_000,
        "RUN /bin/sh -c " * 40_000,
        "RUN sudo " + "-a " * 100_000,
        "RUN " + "\\\n" * 100_000,
        "ENV " + "\\" * 100_001,
        "RUN " + "//" * 100_000,
        "RUN aws_secret_key" + " " * 300_000,
        "FROM a AS b\n" * 40_000,
    ],
)
def test_hostile_texts_take_linear_time(text):
    began = time.process_time()
    fired(f"FROM x\n{text}")
    from_history([text, f"|1 {text}", f"/bin/sh -c {text}"], text)
    assert time.process_time() - began < 8


def test_too_large_is_said():
    with pytest.raises(ReadError, match="over"):
        run(CATALOGER, "Dockerfile", b"#" * (4 * 1024 * 1024 + 1))


@given(st.text(max_size=300), st.lists(st.text(max_size=80), max_size=4))
def test_any_text(text, history):
    fired(text)
    from_history(history, text)


def test_every_check_is_described():
    for identifier, check in CHECKS.items():
        assert identifier.startswith("IN-DOCKER-")
        assert check.severity in ("INFORMATIONAL", "HIGH", "CRITICAL")
        assert check.title
        assert check.description.endswith(".")
        assert check.url.startswith("https://")
        assert all(cwe.startswith("CWE-") for cwe in check.cwes)

"""Tools, runtimes, libraries and programs with manifests: constants as real files hold them."""

import json

import pytest

from openinspector.model import Package

from . import crafted
from .test_applications import found, jar, read


def test_a_program_rearranged_by_bolt_keeps_its_constants_apart() -> None:
    name = "librustc_driver-6108105cd7e839cf.so"
    data = crafted.elf(
        [(".rodata", b"nothing"), (".bolt.org.rodata", b"cs_prefix1.95.0 (59807616e 2026-04-14)x")]
    )
    assert found(f"lib/{name}", data) == [("rust-lang/rust", "1.95.0")]


def manifest(name: str, version: str) -> bytes:
    return json.dumps({"name": name, "version": version}).encode()


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("root/.vscode/extensions/continue.continue-1.0.5-linux-x64", "continue",
         "continue-dev/continue"),
        ("root/.vscode/extensions/github.copilot-1.300.0", "copilot", "github/copilot"),
        ("root/.vscode/extensions/github.copilot-chat-0.20.0", "copilot-chat", None),
        ("usr/lib/node_modules/@anthropic-ai/claude-code", "@anthropic-ai/claude-code",
         "anthropic/claude-code"),
        ("app/node_modules/puppeteer", "puppeteer", "google/puppeteer"),
        ("app/node_modules/puppeteer-core", "puppeteer-core", None),
        ("usr/share/cursor/resources/app", "Cursor", "cursor/cursor"),
        ("opt/lm-studio/resources/app", "lm-studio", "lmstudio/lm-studio"),
        ("opt/other/resources/app", "other", None),
    ],
)  # fmt: skip
def test_programs_with_a_manifest(path: str, name: str, expected: str | None) -> None:
    told = found(f"{path}/package.json", manifest(name, "1.2.3"))
    assert told == ([(expected, "1.2.3")] if expected else [])


def test_firefox_names_the_repository_it_was_built_from() -> None:
    (firefox,) = read(
        "usr/lib/firefox-esr/application.ini",
        b"; comment\n[App]\nVendor=Mozilla\nName=Firefox\nRemotingName=firefox-esr\n"
        b"Version=153.8.0\nSourceRepository=https://hg.mozilla.org/releases/mozilla-esr153\n",
    )
    told = ("mozilla:source_repository", "https://hg.mozilla.org/releases/mozilla-esr153")
    assert (firefox.version, told in firefox.properties) == ("153.8.0", True)


def test_struts_counts_as_a_product_in_a_server_only() -> None:
    archive = jar("Implementation-Version: 2.5.30\n")
    assert found("opt/tomcat/webapps/a/WEB-INF/lib/struts2-core-2.5.30.jar", archive) == [
        ("apache/struts", "2.5.30")
    ]
    assert found("home/u/.m2/struts2-core-2.5.30.jar", archive) == []


def test_models_and_skills() -> None:
    from openinspector.inventory.cataloger import run
    from openinspector.inventory.catalogers.models import CATALOGERS

    hugging_face, ollama, skills = CATALOGERS
    commit = "11c5a3d5811f50298f278a704980280950aedb10"
    reference = "root/.cache/huggingface/hub/models--gpt2/refs/main"
    digest = "ab" * 32
    configuration = json.dumps({"config": {"digest": f"sha256:{digest}"}}).encode()
    store = "root/.ollama/models/manifests/registry.ollama.ai"
    told = [
        run(hugging_face, reference, commit.encode()),
        run(hugging_face, reference.replace("gpt2", "org--big-model"), commit.encode() + b"\n"),
        run(ollama, f"{store}/library/llama3/8b", configuration),
        run(ollama, f"{store}/someone/own/latest", configuration),
        run(skills, "root/.claude/skills/pdf/SKILL.md", b"---\nname: pdf\n---\n"),
        run(skills, "root/.agents/skills/pdf/SKILL.md", b""),
        run(hugging_face, reference, b"main"),
    ]
    # sha256 by sha256sum.
    pdf = "75d51da91fbd7e78560ff74136e82911f8c9d24b94e6f58ca80261c8d3dc64ee"
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    purls = [[item.purl for item in items if isinstance(item, Package)] for items in told]
    assert purls == [
        [f"pkg:huggingface/gpt2@{commit}"],
        [f"pkg:huggingface/org/big-model@{commit}"],
        [f"pkg:ollama/llama3@{digest}"],
        [f"pkg:ollama/someone/own@{digest}"],
        [f"pkg:generic/agentskills/claude/pdf@{pdf}"],
        [f"pkg:generic/agentskills/cross-client/pdf@{nothing}"],
        [],
    ]

"""One small manifest of each format, written for these tests, and what it says.

The same samples are the seeds of the fuzz tests. An expected package is written
`name version`, with a `*` behind it when it is for development only.
"""

from textwrap import dedent
from typing import NamedTuple


class Sample(NamedTuple):
    """A manifest, the packages that it names, and words that its gaps contain, in order."""

    cataloger: str
    path: str
    content: str
    packages: tuple[str, ...]
    gaps: tuple[str, ...] = ()


def _sample(
    cataloger: str, path: str, content: str, packages: str, gaps: tuple[str, ...] = ()
) -> Sample:
    named = tuple(line.strip() for line in packages.strip().splitlines())
    return Sample(cataloger, path, dedent(content).lstrip("\n"), named, gaps)


SAMPLES = (
    _sample(
        "python-pkg",
        "usr/lib/python3/site-packages/Zope.Interface-6.1.dist-info/METADATA",
        """
        Metadata-Version: 2.1
        Name: Zope.Interface
        version:6.1
        License: UNKNOWN
        Classifier: Programming Language :: Python
        Classifier: License :: OSI Approved :: Zope Public License
        Description-Content-Type: text/x-rst

        Name: not-a-header
        Version: 9
        """,
        "zope-interface 6.1",
    ),
    _sample(
        "python-pkg",
        "venv/lib/six-1.16.0-py3.11.egg-info",
        "Metadata-Version: 1.1\r\nName: six\r\nVersion: 1.16.0\r\nLicense: MIT\r\n",
        "six 1.16.0",
    ),
    _sample(
        "python-pkg",
        "venv/lib/old_thing-2.0-py2.7.egg/EGG-INFO/PKG-INFO",
        "Metadata-Version: 1.0\nName: old_thing\n",
        "old-thing 2.0",
    ),
    _sample(
        "python-requirements",
        "app/requirements.txt",
        """
        # a comment \\
        --index-url https://example.org/simple
        -r other.in
        -r requirements-dev.txt
        -c constraints.txt
        Django==4.2.1  # why
        Flask [async] == 2.0.1 ; python_version < "3.12"
        requests>=2,==2.31.0
        zope.interface ~= 5.0
        arbitrary===2020_special
        parens (==1.5)
        continued==\\
          1.0 \\
            --hash=sha256:00
        options==3 --config-settings a=b
        wheel @ https://example.org/a/wheel-0.40.0-py3-none-any.whl#sha256=00
        https://example.org/Some_Wheel-1.1-1-cp311-cp311-linux_x86_64.whl
        -e git+https://example.org/x.git@main#egg=editable
        git+ssh://git@example.org/y.git#egg=versioned
        ./local/folder
        unpinned
        wild==1.*
        between>=1,<2
        """,
        """
        django 4.2.1
        flask 2.0.1
        requests 2.31.0
        zope-interface 5.0
        arbitrary 2020_special
        parens 1.5
        continued 1.0
        options 3
        wheel 0.40.0
        some-wheel 1.1
        """,
        ("5 entries not pinned", "included requirements were not read: 'other.in'"),
    ),
    _sample(
        "python-requirements",
        "requirements/dev.txt",
        "pytest==8.0.0\n",
        "pytest 8.0.0*",
    ),
    _sample(
        "python-pipenv",
        "Pipfile.lock",
        """
        {
          "_meta": {"hash": {"sha256": "00"}, "pipfile-spec": 6},
          "default": {
            "Requests": {"hashes": ["sha256:00"], "version": "==2.31.0", "extras": ["socks"]},
            "exact": {"version": "===1.0"},
            "mine": {"editable": true, "path": "."},
            "fork": {"git": "https://example.org/fork.git", "ref": "00"}
          },
          "develop": {"pytest": {"version": "==8.0.0"}, "requests": {"version": "==2.31.0"}}
        }
        """,
        """
        requests 2.31.0
        exact 1.0
        pytest 8.0.0*
        """,
        ("1 entry not pinned to a version and not judged: fork",),
    ),
    _sample(
        "python-poetry",
        "poetry.lock",
        """
        [[package]]
        name = "requests"
        version = "2.31.0"
        optional = false
        groups = ["main", "dev"]

        [[package]]
        name = "Pytest_Mock"
        version = "3.0"
        groups = ["dev"]

        [[package]]
        name = "old-dev"
        version = "1.0"
        category = "dev"

        [[package]]
        name = "old-main"
        version = "1.1"
        category = "main"

        [[package]]
        name = "sibling"
        version = "0.1.0"
        [package.source]
        type = "directory"
        url = "../sibling"

        [[package]]
        name = "fork"
        version = "2.0"
        [package.source]
        type = "git"
        url = "https://example.org/fork.git"
        resolved_reference = "00"

        [metadata]
        lock-version = "2.1"
        """,
        """
        requests 2.31.0
        pytest-mock 3.0*
        old-dev 1.0*
        old-main 1.1
        fork 2.0
        """,
    ),
    _sample(
        "python-uv",
        "uv.lock",
        """
        version = 1

        [[package]]
        name = "project"
        version = "0.1.0"
        source = { editable = "." }
        dependencies = [{ name = "direct" }, { name = "member" }]

        [package.optional-dependencies]
        extra = [{ name = "optional" }]

        [package.dev-dependencies]
        dev = [{ name = "tool" }, { name = "direct" }]

        [[package]]
        name = "member"
        version = "0.2.0"
        source = { virtual = "packages/member" }

        [[package]]
        name = "direct"
        version = "1.0"
        source = { registry = "https://pypi.org/simple" }
        dependencies = [{ name = "indirect", marker = "sys_platform == 'linux'" }]

        [[package]]
        name = "indirect"
        version = "1.1"
        source = { registry = "https://pypi.org/simple" }

        [[package]]
        name = "optional"
        version = "1.2"
        source = { url = "https://example.org/optional-1.2.tar.gz" }

        [[package]]
        name = "tool"
        version = "1.3"
        source = { git = "https://example.org/tool?rev=00#00" }
        dependencies = [{ name = "tool-part" }, { name = "indirect" }]

        [[package]]
        name = "tool-part"
        version = "1.4"
        source = { registry = "https://pypi.org/simple" }

        [[package]]
        name = "unreached"
        version = "1.5"
        source = { registry = "https://pypi.org/simple" }
        """,
        """
        direct 1.0
        indirect 1.1
        optional 1.2
        tool 1.3*
        tool-part 1.4*
        unreached 1.5
        """,
    ),
    _sample(
        "python-pdm",
        "pdm.lock",
        """
        [metadata]
        groups = ["default", "dev", "extra"]
        lock_version = "4.5"

        [[package]]
        name = "certifi"
        version = "2024.1.1"
        groups = ["default"]

        [[package]]
        name = "pytest"
        version = "8.0.0"
        groups = ["dev"]

        [[package]]
        name = "rich"
        version = "13.0"
        groups = ["extra"]

        [[package]]
        name = "mine"
        version = "0.1"
        path = "./mine"
        groups = ["default"]
        """,
        """
        certifi 2024.1.1
        pytest 8.0.0*
        rich 13.0
        """,
    ),
    _sample(
        "python-pylock",
        "pylock.prod.toml",
        """
        lock-version = "1.0"
        created-by = "hand"

        [[packages]]
        name = "attrs"
        version = "25.1.0"
        wheels = [{ name = "attrs-25.1.0-py3-none-any.whl", hashes = { sha256 = "00" } }]

        [[packages]]
        name = "pytest"
        version = "8.0.0"
        marker = "'dev' in dependency_groups"

        [[packages]]
        name = "mine"
        directory = { path = ".", editable = true }

        [[packages]]
        name = "fork"
        vcs = { type = "git", url = "https://example.org/fork.git", commit-id = "00" }
        """,
        """
        attrs 25.1.0
        pytest 8.0.0*
        """,
        ("1 entry not pinned to a version and not judged: fork",),
    ),
    _sample(
        "conda",
        "opt/conda/conda-meta/zlib-1.2.13-h5eee18b_1.json",
        """
        {"build": "h5eee18b_1", "build_number": 1, "depends": ["libgcc-ng"],
         "fn": "zlib-1.2.13-h5eee18b_1.conda", "license": "Zlib", "name": "zlib",
         "subdir": "linux-64", "version": "1.2.13"}
        """,
        "zlib 1.2.13",
    ),
    _sample(
        "conda-environment",
        "environment.yml",
        """
        name: work
        channels: [conda-forge]
        dependencies:
          - python=3.11.5
          - conda-forge::numpy=1.26.0=py311h64a7726_0
          - scipy==1.10.0
          - pandas=2.*
          - pip:
            - Requests==2.31.0
            - flask
            - -r requirements.txt
        """,
        """
        numpy 1.26.0
        scipy 1.10.0
        requests 2.31.0
        """,
        ("1 entry not pinned to a version and not judged: flask",),
    ),
    _sample(
        "javascript-nodejs",
        "app/node_modules/@scope/name/package.json",
        """
        {"name": "@scope/name", "version": "1.2.3", "license": {"type": "MIT"},
         "dependencies": {"other": "^1"}, "type": "module"}
        """,
        "@scope/name 1.2.3",
    ),
    _sample(
        "javascript-npm-packagelock",
        "app/package-lock.json",
        """
        {
          "name": "root", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
          "packages": {
            "": {"name": "root", "version": "1.0.0", "dependencies": {"express": "^4"}},
            "node_modules/express": {"version": "4.17.1", "resolved": "https://x/e.tgz",
              "license": "MIT", "dependencies": {"debug": "2.6.9"}},
            "node_modules/express/node_modules/debug": {"version": "2.6.9"},
            "node_modules/debug": {"version": "4.3.4", "dev": true},
            "node_modules/alias": {"name": "@real/name", "version": "2.0.0"},
            "node_modules/@types/node": {"version": "20.0.0", "dev": true},
            "node_modules/either": {"version": "1.0.1", "devOptional": true},
            "node_modules/member": {"resolved": "packages/member", "link": true},
            "packages/member": {"name": "member", "version": "0.1.0"},
            "packages/member/node_modules/inner": {"version": "3.0.0"},
            "node_modules/left-over": {"version": "1.0.0", "extraneous": true},
            "node_modules/forked": {"version": "1.5.0", "resolved": "git+ssh://git@x/y.git#00"},
            "node_modules/packed": {"version": "1.6.0", "resolved": "file:packed-1.6.0.tgz"},
            "node_modules/copied": {"version": "1.7.0", "resolved": "file:libs/copied"},
            "node_modules/hollow": {"optional": true}
          }
        }
        """,
        """
        express 4.17.1
        debug 2.6.9
        debug 4.3.4*
        @real/name 2.0.0
        @types/node 20.0.0*
        either 1.0.1
        inner 3.0.0
        forked 1.5.0
        packed 1.6.0
        """,
        ("1 entry not pinned to a version and not judged: hollow",),
    ),
    _sample(
        "javascript-npm-packagelock",
        "npm-shrinkwrap.json",
        """
        {
          "name": "root", "version": "1.0.0", "lockfileVersion": 1,
          "dependencies": {
            "express": {"version": "4.17.1", "requires": {"debug": "2.6.9"},
              "dependencies": {"debug": {"version": "2.6.9", "bundled": true}}},
            "debug": {"version": "4.3.4", "dev": true},
            "alias": {"version": "npm:@real/name@2.0.0"},
            "forked": {"version": "git+https://example.org/forked.git#00"},
            "local": {"version": "file:../local"}
          }
        }
        """,
        """
        express 4.17.1
        debug 4.3.4*
        @real/name 2.0.0
        debug 2.6.9
        """,
        ("1 entry not pinned to a version and not judged: forked (git",),
    ),
    _sample(
        "javascript-yarn",
        "yarn.lock",
        """
        # yarn lockfile v1


        "@babel/core@^7.0.0", "@babel/core@^7.1.0":
          version "7.1.2"
          resolved "https://registry.yarnpkg.com/@babel/core/-/core-7.1.2.tgz#00"
          dependencies:
            "@babel/code-frame" "^7.0.0"
            version "^1.0.0"

        "cjs@npm:real@^4.2.0", real@^4.0.0:
          version "4.2.0"

        "forked@git+https://example.org/forked.git":
          version "1.0.0"
          resolved "git+https://example.org/forked.git#00"

        "local@file:./local":
          version "0.0.1"

        quoted@^1:
          "version" "1.0.1"
          "resolved" "https://example.org/quoted-1.0.1.tgz"

        broken@^1:
          resolved "https://example.org/broken.tgz"
        """,
        """
        @babel/core 7.1.2
        real 4.2.0
        forked 1.0.0
        quoted 1.0.1
        """,
        ("1 entry not pinned to a version and not judged: broken@^1",),
    ),
    _sample(
        "javascript-yarn",
        "berry/yarn.lock",
        """
        # This file is generated by running "yarn install" inside your project.

        __metadata:
          version: 8
          cacheKey: 10c0

        "@babel/core@npm:^7.0.0, @babel/core@npm:^7.1.0":
          version: 7.1.2
          resolution: "@babel/core@npm:7.1.2"
          dependencies:
            "@babel/code-frame": "npm:^7.0.0"
          languageName: node
          linkType: hard

        "alias@npm:real@^4.2.0":
          version: 4.2.0
          resolution: "real@npm:4.2.0"
          linkType: hard

        "fsevents@patch:fsevents@npm%3A2.3.3#optional!builtin<compat/fsevents>":
          version: 2.3.3
          resolution: "fsevents@patch:fsevents@npm%3A2.3.3#optional!builtin<compat/fsevents>::x"
          linkType: hard

        "root@workspace:.":
          version: 0.0.0-use.local
          resolution: "root@workspace:."
          linkType: soft

        "linked@link:../linked::locator=root%40workspace%3A.":
          version: 0.0.0-use.local
          resolution: "linked@link:../linked::locator=root%40workspace%3A."
          linkType: soft

        "forked@https://example.org/forked.git#commit=00":
          version: 1.10.0
          resolution: "forked@https://example.org/forked.git#commit=00"
          linkType: hard
        """,
        """
        @babel/core 7.1.2
        real 4.2.0
        fsevents 2.3.3
        forked 1.10.0
        """,
    ),
    _sample(
        "javascript-pnpm",
        "v5/pnpm-lock.yaml",
        """
        lockfileVersion: 5.4

        dependencies:
          lodash: 4.17.21

        packages:

          /@babel/runtime/7.18.3:
            resolution: {integrity: sha512-00}
            dev: false

          /lodash/4.17.21:
            resolution: {integrity: sha512-00}
            dev: false

          /ts-node/10.0.0_typescript@4.7.4:
            resolution: {integrity: sha512-00}
            dev: true

          registry.example.org/mirrored/1.0.0:
            resolution: {integrity: sha512-00}
            dev: false

          github.com/owner/name/00112233:
            resolution: {tarball: https://codeload.github.com/owner/name/tar.gz/00112233}
            name: named
            version: 2.0.1
            dev: false

          file:folder:
            resolution: {directory: folder, type: directory}
            name: folder
            dev: false
        """,
        """
        @babel/runtime 7.18.3
        lodash 4.17.21
        ts-node 10.0.0*
        mirrored 1.0.0
        named 2.0.1
        """,
    ),
    _sample(
        "javascript-pnpm",
        "v6/pnpm-lock.yaml",
        """
        lockfileVersion: '6.0'

        packages:

          /@scope/name@1.0.0(react@18.2.0)(react-dom@18.2.0):
            resolution: {integrity: sha512-00}
            dev: false

          /ms@2.0.0:
            resolution: {integrity: sha512-00}
            dev: true

          '@github.com/owner/name/00':
            resolution: {tarball: https://codeload.github.com/owner/name/tar.gz/00}
            name: named
            dev: false
        """,
        """
        @scope/name 1.0.0
        ms 2.0.0*
        """,
        ("1 entry not pinned to a version and not judged: named",),
    ),
    _sample(
        "javascript-pnpm",
        "v9/pnpm-lock.yaml",
        """
        lockfileVersion: '9.0'

        importers:

          .:
            dependencies:
              used:
                specifier: ^1.0.0
                version: 1.0.0(peer@2.0.0)
              aliased:
                specifier: npm:real@3
                version: real@3.0.0
              member:
                specifier: workspace:*
                version: link:packages/member
            devDependencies:
              tool:
                specifier: ^4.0.0
                version: 4.0.0

        packages:

          used@1.0.0:
            resolution: {integrity: sha512-00}
            peerDependencies:
              peer: '*'

          peer@2.0.0:
            resolution: {integrity: sha512-00}

          real@3.0.0:
            resolution: {integrity: sha512-00}

          tool@4.0.0:
            resolution: {integrity: sha512-00}

          tool-part@4.1.0:
            resolution: {integrity: sha512-00}

          packed@file:packed.tgz:
            resolution: {integrity: sha512-00, tarball: file:packed.tgz}
            version: 5.0.0

          folder@file:folder:
            resolution: {directory: folder, type: directory}

        snapshots:

          used@1.0.0(peer@2.0.0):
            dependencies:
              peer: 2.0.0

          peer@2.0.0: {}

          real@3.0.0: {}

          tool@4.0.0:
            dependencies:
              tool-part: 4.1.0
              peer: 2.0.0

          tool-part@4.1.0: {}
        """,
        """
        used 1.0.0
        peer 2.0.0
        real 3.0.0
        tool 4.0.0*
        tool-part 4.1.0*
        packed 5.0.0
        """,
    ),
    _sample(
        "javascript-bun",
        "bun.lock",
        """
        {
          "lockfileVersion": 1,
          // a comment, "quoted"
          "workspaces": {
            "": {
              "name": "root",
              "dependencies": { "used": "^1", "member": "workspace:*", },
              "devDependencies": { "tool": "^2", },
            },
            "packages/member": { "name": "member", "dependencies": { "ms": "2.0.0" } },
          },
          "packages": {
            "used": ["used@1.0.0", "", { "dependencies": { "ms": "^2" } }, "sha512-00"],
            "ms": ["ms@2.1.3", "", {}, "sha512-, ]"],
            "member": ["member@workspace:packages/member"],
            "member/ms": ["ms@2.0.0", "", {}, "sha512-00"],
            "tool": ["tool@2.0.0", "", { "dependencies": { "@s/part": "1", "ms": "1" } }, "sha"],
            "@s/part": ["@s/part@1.0.0", "", {}, "sha512-00"],
            "tool/ms": ["ms@1.0.0", "", {}, "sha512-00"],
            "forked": ["forked@github:owner/forked#00", {}, "owner-forked-00"],
          },
        }
        """,
        """
        used 1.0.0
        ms 2.1.3
        ms 2.0.0
        tool 2.0.0*
        @s/part 1.0.0*
        ms 1.0.0*
        """,
        ("1 entry not pinned to a version and not judged: forked",),
    ),
    _sample(
        "javascript-bun-binary",
        "bun.lockb",
        "#!/usr/bin/env bun\nbun-lockfile-format-v0\n",
        "",
        ("Bun's binary lock is not read",),
    ),
    _sample(
        "ruby-gemfiles",
        "Gemfile.lock",
        """
        GIT
          remote: https://example.org/forked.git
          revision: 0011
          specs:
            forked (3.0.0)
              rack

        PATH
          remote: .
          specs:
            myself (1.0.0)
              rack (>= 1)

        GEM
          remote: https://rubygems.org/
          specs:
            nokogiri (1.13.0)
              racc (~> 1.4)
            nokogiri (1.13.0-x86_64-linux)
              racc (~> 1.4)
            racc (1.6.0)
            rails (7.0.0.rc1)
            ffi (1.17.4-x86_64-linux-gnu)

        PLATFORMS
          ruby
          x86_64-linux

        DEPENDENCIES
          forked!
          nokogiri

        CHECKSUMS
          nokogiri (1.13.0) sha256=00

        BUNDLED WITH
           2.3.7
        """,
        """
        forked 3.0.0
        nokogiri 1.13.0
        racc 1.6.0
        rails 7.0.0.rc1
        ffi 1.17.4
        """,
    ),
    _sample(
        "ruby-gemspec",
        "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec",
        """
        # -*- encoding: utf-8 -*-
        # stub: json 2.6.1 ruby lib
        # stub: ext/json/extconf.rb

        Gem::Specification.new do |s|
          s.name = "json".freeze
          s.version = "2.6.1"
          s.licenses = ["Ruby".freeze, "BSD-2-Clause".freeze]
        end
        """,
        "json 2.6.1",
    ),
    _sample(
        "php",
        "composer.lock",
        """
        {
          "content-hash": "00",
          "packages": [
            {"name": "Symfony/Console", "version": "v5.4.0", "license": ["MIT"],
             "source": {"type": "git", "url": "https://example.org", "reference": "00"}},
            {"name": "vendor/branch", "version": "dev-main"},
            {"name": "twig/twig", "version": "2.x-dev"},
            {"name": "vendor/mine", "version": "1.0.0", "dist": {"type": "path", "url": "../m"}}
          ],
          "packages-dev": [{"name": "phpunit/phpunit", "version": "9.5.0"}]
        }
        """,
        """
        symfony/console v5.4.0
        twig/twig 2.x-dev
        phpunit/phpunit 9.5.0*
        """,
        ("1 entry not pinned to a version and not judged: vendor/branch",),
    ),
    _sample(
        "php",
        "vendor/composer/installed.json",
        """
        {"packages": [
            {"name": "monolog/monolog", "version": "2.3.0", "version_normalized": "2.3.0.0"},
            {"name": "PHPUnit/phpunit", "version": "9.5.0"}],
         "dev": true, "dev-package-names": ["phpunit/phpunit"]}
        """,
        """
        monolog/monolog 2.3.0
        phpunit/phpunit 9.5.0*
        """,
    ),
    _sample(
        "php",
        "lib/vendor/composer/installed.json",
        '[{"name": "a/b", "version": "1.0"}, 7, {"version": "2.0"}]',
        "a/b 1.0",
        ("2 entries without a usable name",),
    ),
    _sample(
        "elixir-mix",
        "mix.lock",
        """
        %{
          "castore": {:hex, :castore, "1.0.5", "00", [:mix], [], "hexpm", "11"},
          "earmark": {:hex, :earmark_parser, "1.4.39", "00", [:mix], [{:a, "~> 1", []}], "hexpm"},
          "forked": {:git, "https://example.org/forked.git", "00", [tag: "v1.0.0"]},
          "mine": {:path, "../mine", []},
        }
        """,
        """
        castore 1.0.5
        earmark_parser 1.4.39
        """,
        ("1 entry not pinned to a version and not judged: forked",),
    ),
    _sample(
        "erlang-rebar",
        "rebar.lock",
        """
        {"1.2.0",
        [{<<"certifi">>,{pkg,<<"certifi">>,<<"2.9.0">>},0},
         {<<"app">>,{pkg,<<"renamed">>,<<"1.0">>},1},
         {<<"forked">>,{git,"https://example.org/forked.git",{ref,"00"}},0}]}.
        [
        {pkg_hash,[
         {<<"certifi">>, <<"6F">>}]}
        ].
        """,
        """
        certifi 2.9.0
        renamed 1.0
        """,
        ("1 entry not pinned to a version and not judged: forked",),
    ),
    _sample(
        "dart-pubspec",
        "pubspec.lock",
        """
        packages:
          http:
            dependency: "direct main"
            description:
              name: http
              sha256: "00"
              url: "https://pub.dev"
            source: hosted
            version: "0.13.10"
          lints:
            dependency: "direct dev"
            description: {name: lints, url: "https://pub.dev"}
            source: hosted
            version: "2.0.0"
          flutter:
            dependency: "direct main"
            description: flutter
            source: sdk
            version: "0.0.0"
          mine:
            dependency: "direct main"
            description: {path: "../mine", relative: true}
            source: path
            version: "1.0.0"
          forked:
            dependency: "direct main"
            description: {path: ".", ref: HEAD, url: "https://example.org/forked.git"}
            source: git
            version: "3.0.0"
        sdks:
          dart: ">=2.19.0 <3.0.0"
        """,
        """
        http 0.13.10
        lints 2.0.0*
        forked 3.0.0
        """,
    ),
    _sample(
        "swift-package-resolved",
        "Package.resolved",
        """
        {"pins": [
          {"identity": "swift-nio", "kind": "remoteSourceControl",
           "location": "https://github.com/apple/swift-nio.git",
           "state": {"revision": "00", "version": "2.40.0"}},
          {"identity": "vapor", "location": "git@GitHub.com:vapor/vapor.git",
           "state": {"revision": "00", "version": "4.0.0-rc.1"}},
          {"identity": "mona.LinkedList", "kind": "registry", "location": "",
           "state": {"version": "1.1.0"}},
          {"identity": "branch", "location": "https://github.com/o/branch",
           "state": {"branch": "main", "revision": "00"}},
          {"identity": "mine", "kind": "localSourceControl", "location": "/src/mine",
           "state": {"revision": "00", "version": "1.0.0"}}],
         "version": 2}
        """,
        """
        github.com/apple/swift-nio 2.40.0
        github.com/vapor/vapor 4.0.0-rc.1
        mona.LinkedList 1.1.0
        """,
        ("1 entry not pinned to a version and not judged: github.com/o/branch",),
    ),
    _sample(
        "swift-package-resolved",
        "v1/Package.resolved",
        """
        {"object": {"pins": [
          {"package": "Nimble", "repositoryURL": "ssh://git@github.com/Quick/Nimble/",
           "state": {"branch": null, "revision": "00", "version": "9.2.1"}}]},
         "version": 1}
        """,
        "github.com/Quick/Nimble 9.2.1",
    ),
    _sample(
        "cocoapods",
        "Podfile.lock",
        """
        PODS:
          - PINCache (3.0.3):
            - PINCache/Core (= 3.0.3)
          - PINCache/Core (3.0.3)
          - "GoogleUtilities/NSData+zlib (7.7.0)"
          - Mine (0.1)
          - Broken

        DEPENDENCIES:
          - PINCache
          - Mine (from `../Mine`)

        EXTERNAL SOURCES:
          Mine:
            :path: "../Mine"

        COCOAPODS: 1.11.2
        """,
        """
        PINCache 3.0.3
        GoogleUtilities 7.7.0
        """,
        ("1 entry not pinned to a version and not judged: Broken",),
    ),
    _sample(
        "conan",
        "conan.lock",
        """
        {"version": "0.5",
         "requires": ["zlib/1.2.12#00%1659.1", "lib/1.0@owner/stable#00"],
         "build_requires": ["cmake/3.25.1#00%1.0"], "python_requires": []}
        """,
        """
        zlib 1.2.12
        lib 1.0
        cmake 3.25.1*
        """,
    ),
    _sample(
        "conan",
        "v1/conan.lock",
        """
        {"graph_lock": {"nodes": {
           "0": {"ref": "myself/0.1", "path": "conanfile.py", "requires": ["1"]},
           "1": {"ref": "openssl/1.1.1k#00", "context": "host"},
           "2": {"pref": "gtest/1.11.0:00", "context": "build"}}},
         "version": "0.4"}
        """,
        """
        openssl 1.1.1k
        gtest 1.11.0*
        """,
    ),
    _sample(
        "conan",
        "conanfile.txt",
        """
        [requires]
        zlib/1.2.11 # compression
        # poco/1.0
        boost/[>1.70 <1.80]
        [tool_requires]
        cmake/3.22.6
        [options]
        zlib/*:shared=True
        """,
        """
        zlib 1.2.11
        cmake 3.22.6*
        """,
        ("1 entry not pinned to a version and not judged: boost/",),
    ),
    _sample(
        "haskell-stack",
        "stack.yaml.lock",
        """
        packages:
        - completed:
            hackage: HTTP-4000.3.16@sha256:00,5947
            pantry-tree: {size: 1428, sha256: 00}
          original:
            hackage: HTTP-4000.3.16
        - completed:
            git: https://example.org/kore.git
            name: kore
            version: 0.60.0.0
          original: {git: https://example.org/kore.git}
        snapshots:
        - completed: {sha256: 00, size: 1, url: https://example.org/lts/18/28.yaml}
          original: lts-18.28
        """,
        """
        HTTP 4000.3.16
        kore 0.60.0.0
        """,
        ("snapshot is not in its lock file",),
    ),
    _sample(
        "haskell-cabal",
        "cabal.project.freeze",
        """
        active-repositories: hackage.haskell.org:merge
        -- any.ghost ==1.0
        constraints: any.Cabal ==3.2.1.0,
                     any.aeson ==1.5.6.0,
                     aeson -bytestring-builder +fast,
                     any.ranged >=1 && <2
        index-state: hackage.haskell.org 2021-10-18T13:20:29Z
        """,
        """
        Cabal 3.2.1.0
        aeson 1.5.6.0
        """,
    ),
    _sample(
        "r-description",
        "usr/lib/R/site-library/stringr/DESCRIPTION",
        """
        Package: stringr
        Title: Simple,
            Consistent Wrappers
        Version: 1.4.0
        License: GPL-2 | file LICENSE
        Repository: CRAN
        Built: R 4.1.2; ; 2022-01-01 00:00:00 UTC; unix
        """,
        "stringr 1.4.0",
    ),
    _sample(
        "r-renv",
        "renv.lock",
        """
        {"R": {"Version": "4.2.0"}, "Packages": {
           "R6": {"Package": "R6", "Version": "2.5.1", "Source": "Repository",
                  "Repository": "CRAN"},
           "limma": {"Package": "limma", "Version": "3.52.0", "Source": "Bioconductor"}}}
        """,
        """
        R6 2.5.1
        limma 3.52.0
        """,
    ),
    _sample(
        "julia-manifest",
        "Manifest.toml",
        """
        julia_version = "1.9.0"
        manifest_format = "2.0"

        [[deps.Dates]]
        deps = ["Printf"]
        uuid = "ade2ca70-3891-5945-98fb-dc099432e06a"

        [[deps.JSON]]
        git-tree-sha1 = "00"
        uuid = "682c06a0-de6a-54ab-a142-c8b1cf79cde6"
        version = "0.21.4"

        [[deps.Mine]]
        path = "Mine"
        uuid = "00000000-0000-0000-0000-000000000000"
        version = "0.1.0"
        """,
        "JSON 0.21.4",
    ),
    _sample(
        "github-actions",
        ".github/workflows/ci.yml",
        """
        on: push
        jobs:
          build:
            steps:
              - uses: actions/checkout@v4.1.1
              - name: pinned
                uses: "owner/Action@0123456789012345678901234567890123456789" # v2.0.3
              - uses: github/codeql-action/init@v3
              - uses: ./local
              - uses: docker://alpine:3
          call:
            uses: owner/repo/.github/workflows/x.yml@1.2.3
        """,
        """
        actions/checkout v4.1.1*
        owner/Action v2.0.3*
        owner/repo 1.2.3*
        """,
    ),
)

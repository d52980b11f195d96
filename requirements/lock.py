"""Write the lock files: every package with its version and the sha256 of each of its files.

``make lock`` runs this. Versions come from constraints.txt, names from pyproject.toml, hashes from
the package index. PyTorch is left out, since its build differs by machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
OLDEST_PYTHON = "3.11"
# PyTorch's build differs by machine; the other runs in browsers only.
LEFT_OUT = ("torch", "httpx2-jsfetch")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file ``requirements/NAME.txt``; it names what the files in ``includes`` do not."""

    name: str
    extras: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


LOCKS = (
    Lock("serve", ("serve", "mcp"), groups=("build",)),
    Lock("cluster", ("cluster",), ("serve",)),
    Lock("all", ("all",), ("serve",)),
    Lock("dev", ("dev",), ("all", "cluster")),
    Lock("peers", ("peers",), ("all",)),
    Lock("tools", groups=("tools",)),
)


def normalized(name: str) -> str:
    """Return a package's name in the form that indexes compare (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str) -> dict[str, str]:
    """Return the version of each package that constraints or a lock file pin."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==([^\s;\\]+)", text, re.MULTILINE)
    return {normalized(name): version for name, version in found}


def entries(text: str) -> dict[str, str]:
    """Return each package's lines of a lock file: its pin, and its hashes below."""
    starts = r"^(?=[A-Za-z0-9])"
    blocks = [block for block in re.split(starts, text, flags=re.MULTILINE) if "==" in block]
    return {next(iter(pinned(block))): block for block in blocks}


def included(name: str) -> set[str]:
    """Return the names of the lock files that ``name`` includes, directly or not."""
    lock = next(lock for lock in LOCKS if lock.name == name)
    return {*lock.includes, *(inner for other in lock.includes for inner in included(other))}


def resolved(lock: Lock) -> str:
    """Return what uv resolves a lock file and those it includes to, for every platform."""
    others = [other for other in LOCKS if other.name in included(lock.name)]
    extras = {extra for one in (lock, *others) for extra in one.extras}
    groups = {group for one in (lock, *others) for group in one.groups}
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet"]
    command += [
        "--system-certs",
        "--universal",
        "--generate-hashes",
        "--no-annotate",
        "--no-header",
    ]
    command += ["--constraints", "constraints.txt", "--python-version", OLDEST_PYTHON]
    command += [part for name in LEFT_OUT for part in ("--no-emit-package", name)]
    command += [part for group in sorted(groups) for part in ("--group", group)]
    if extras:
        command += ["pyproject.toml", *(part for e in sorted(extras) for part in ("--extra", e))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"uv cannot resolve requirements/{lock.name}.txt: {done.stderr.strip()}")
    return done.stdout


def main() -> None:
    """Write every lock file, or none where a version is not in constraints.txt."""
    stated = pinned((ROOT / "constraints.txt").read_text("utf-8"))
    locked = {lock.name: entries(resolved(lock)) for lock in LOCKS}
    found = {n: v for text in locked.values() for n, v in pinned("".join(text.values())).items()}
    missing = [f"{name}=={version}" for name, version in found.items() if name not in stated]
    if missing:
        sys.exit(f"Versions are not in constraints.txt, add them there: {', '.join(missing)}.")
    for lock in LOCKS:
        covered = {name for other in included(lock.name) for name in locked[other]}
        own = [block for name, block in locked[lock.name].items() if name not in covered]
        head = ['# Written by "make lock", do not edit.', *(f"-r {n}.txt" for n in lock.includes)]
        text = "\n".join(head) + "\n" + "".join(own)
        (FOLDER / f"{lock.name}.txt").write_text(text, "utf-8", newline="\n")
        print(f"requirements/{lock.name}.txt: {len(own)} packages")


if __name__ == "__main__":
    main()

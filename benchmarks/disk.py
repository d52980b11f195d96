"""Measure the disk space of an installation for serving, beside a complete one.

    python benchmarks/disk.py

Makes both from nothing, in a temporary folder. Needs nothing but Python.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXTRAS = {"answers only": "", "serve": "[serve]", "all": "[all]"}


def main() -> None:
    """Install, weigh, print."""
    sizes = {}
    for name, extras in EXTRAS.items():
        with tempfile.TemporaryDirectory() as folder:
            python = f"{folder}/bin/python"
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)  # noqa: S603
            pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
            limits = ["--constraint", str(ROOT / "constraints.txt")]
            subprocess.run([*pip, *limits, f"{ROOT}{extras}"], check=True)  # noqa: S603
            files = [p for p in Path(folder).rglob("*") if p.is_file() and not p.is_symlink()]
            sizes[name] = sum(p.stat().st_size for p in files) / 2**20
        share = "" if name != "all" else f"; serve is {sizes['serve'] / sizes['all']:.3f} of it"
        sys.stdout.write(f"{name}: {sizes[name]:,.0f} MB{share}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

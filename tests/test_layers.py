"""A module imports from floors below its own, or from beside it; never in a circle."""

import ast
import functools
import graphlib
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import qa
from qa.index.distributed import WORKERS
from qa.index.engine import ENGINES
from qa.settings import Settings

SOURCE = Path(qa.__file__).parent
FLOORS = [
    {"errors", "records", "storage"},
    {"text", "setting_types"},
    {"settings", "expiry"},
    {"sources"},
    {"index"},
    {"cluster"},
    {"answer"},
    {"feedback"},
    {"web", "evaluation"},
    {"cli"},
    {"__main__"},
]
HOMES = {
    "ir_measures": "evaluation.measure",
    "langchain_core": "evaluation.retriever",
    "matplotlib": "evaluation.plots",
    "ray": "cluster.workers",
    "scipy": "evaluation.measure",
    "sentence_transformers": "index.models",
    "tokenizers": "index.runtime",
    "faiss": "index.vectors",
    "pymilvus": "cluster.milvus_client",
    "bm25s": "index.lexical",
    "opencc": "text.terms",
    "Stemmer": "text.terms",
    "rapidfuzz": "text.vocabulary",
    "langchain_text_splitters": "index.passages",
    "nupunkt": "text.sentences",
    "trafilatura": "sources.formats.html",
    "pypdfium2": "sources.formats.pdf",
    "docx": "sources.formats.docx",
    "openpyxl": "sources.formats.xlsx",
    "striprtf": "sources.formats.rtf",
    "gradio": "web.ui.chat",
    "orjson": "web.api",
    "limits": "web.server.limits",
    "sqlalchemy": "feedback",
    "prometheus_client": "web.server.metrics",
    "uvicorn": "web.server.server",
    "upath": "sources.corpus_folder",
}


def modules():
    """Every module's name below ``qa``, with the full names it imports."""
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        tree = ast.parse(path.read_text("utf-8"))
        imported = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported |= {f"{node.module}.{alias.name}" for alias in node.names}
        if name != "__init__":
            yield name.removesuffix(".__init__"), imported


def floor_of(name):
    room = name.split(".")[0]
    return next(n for n, rooms in enumerate(FLOORS) if room in rooms)


@functools.cache
def module_names():
    return {name for name, _ in modules()}


def own(imported):
    """Of the imported names, those below ``qa``: as ``room.module``."""
    names = module_names()
    for full in imported:
        parts = full.split(".")
        if parts[0] == "qa" and len(parts) > 1:
            candidates = [".".join(parts[1:n]) for n in range(len(parts), 1, -1)]
            found = next((c for c in candidates if c in names), None)
            if found:
                yield found


def test_every_module_imports_from_below_or_beside():
    checked = 0
    for name, imported in modules():
        for other in own(imported):
            beside = "." in other and name.split(".")[0] == other.split(".")[0]
            lowest = floor_of(name) == floor_of(other) == 0
            assert beside or lowest or floor_of(other) < floor_of(name), f"{name} -> {other}"
            checked += 1
    assert checked > 40


# Within web, bottom to top: strings, the parts of the server, pages and chat, API, application.
WEB_FLOORS = ["wording", "server", "ui", "api", "app"]


def test_every_module_of_the_web_imports_from_below_or_beside():
    imports = [
        (name.split(".")[1], other.split(".")[1])
        for name, imported in modules()
        for other in own(imported)
        if name.startswith("web.") and other.startswith("web.")
    ]
    assert len(imports) > 40
    floors = WEB_FLOORS.index
    assert [(name, other) for name, other in imports if floors(other) > floors(name)] == []


def test_optional_services_are_reached_through_registries_only():
    """Only strings name ``cluster/``: engines by their setting, and the workers."""
    outside = {n for n, i in modules() if any(o.startswith("cluster") for o in own(i))}
    assert {name for name in outside if not name.startswith("cluster.")} == set()
    assert set(ENGINES) == set(get_args(Settings.model_fields["engine"].annotation))
    for module in (*ENGINES.values(), WORKERS):
        names = {
            n.name for n in ast.parse(source_of(module)).body if isinstance(n, ast.FunctionDef)
        }
        assert names & {"open_engine", "embedding"}, module


def source_of(module):
    return (SOURCE.parent / f"{module.replace('.', '/')}.py").read_text("utf-8")


def test_no_imports_go_in_a_circle():
    order = graphlib.TopologicalSorter({name: set(own(i)) - {name} for name, i in modules()})
    assert len(list(order.static_order())) > 20


def test_each_heavy_library_has_one_home():
    found = {library: set() for library in HOMES}
    for name, imported in modules():
        for full in imported:
            if full.split(".")[0] in HOMES:
                found[full.split(".")[0]].add(name)
    assert found == {library: {home} for library, home in HOMES.items()}


def test_some_libraries_have_few_homes():
    makers = {
        "jinja2": {"web.ui.render", "evaluation.report"},
        "torch": {"index.export", "index.graph"},
        "onnxruntime": {"index.runtime", "index.graph"},
    }
    for library, homes in makers.items():
        assert homes == {n for n, full in modules() if library in {f.split(".")[0] for f in full}}


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_only_the_command_line_uses_the_terminal_libraries(library):
    users = {n for n, full in modules() if library in {f.split(".")[0] for f in full}}
    assert {name.split(".")[0] for name in users} == {"cli"}


@pytest.mark.parametrize(
    ("command", "absent"),
    [
        ("import qa", ["numpy", "torch", "gradio"]),
        ("import qa.cli", ["numpy", "torch", "gradio", "langchain_text_splitters", "httpx"]),
        ("import qa.cli", ["yaml", "sqlalchemy", "rich.progress", "rich.table"]),
        ("import qa.index.build", ["torch", "onnx", "sentence_transformers"]),
        ("import qa.evaluation", ["numpy", "scipy", "matplotlib", "ir_measures"]),
        ("import qa.evaluation.run", ["torch", "gradio", "matplotlib", "langchain_core"]),
        ("import qa.sources.ingest", ["trafilatura", "pypdfium2", "docx", "nupunkt"]),
        ("import qa.sources.ingest", ["openpyxl"]),
        ("import qa.answer.ask", ["torch", "gradio", "langchain_text_splitters"]),
        ("import qa.web.app", ["torch", "gradio", "langchain_text_splitters"]),
    ],
)
def test_heavy_libraries_are_loaded_only_when_used(command, absent):
    script = f"import sys; {command}; print([m for m in {absent!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

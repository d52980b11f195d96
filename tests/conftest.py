"""Shared fixtures: an encoder that is a function of the text, and small records."""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from qa.index.build import build
from qa.records import Document
from qa.sources.corpus_folder import CorpusFile

# No test asserts a time: machines are shared.
hypothesis_settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")

ROOT = Path(__file__).parent.parent
SEED = next((ROOT / "seeds").glob("*.txt"))
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_sessionfinish(session):
    """In CI a test that was skipped has not passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", ())) if reporter else 0
    if os.environ.get("CI") and skipped and not session.exitstatus:
        reporter.write_line(f"{skipped} skipped: in CI every test has to run.", red=True)
        session.exitstatus = 1


class WordEncoder:
    """Hashed words: a word is a fixed direction, a text the sum of its words, unit length.

    A text's vector depends on its words alone, so cosines can be told by counting words.
    """

    name = "words"
    precision = "fp32"
    sha256 = "0" * 64
    dimension = 1024
    max_tokens = 254
    languages = None

    def __init__(self):
        self.encoded = []

    def count_tokens(self, text):
        return len(re.findall(r"\w+", text))

    def save(self, folder):
        folder.mkdir()
        (folder / "encoder.json").write_text("{}", "utf-8")

    def encode(self, texts, on_encoded=None):
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            self.encoded.append(text)
            for word in re.findall(r"\w+", text.lower()):
                place = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
                vectors[row, place % self.dimension] += 1
            norm = np.linalg.norm(vectors[row])
            vectors[row] /= norm or 1
            if on_encoded:
                on_encoded(row + 1)
        return vectors

    def encode_query(self, texts):
        return self.encode(texts)


class HalfEncoder(WordEncoder):
    """Another encoder of words, of another dimension, with prompts."""

    name = "models/half words"
    sha256 = "f" * 64
    dimension = 512
    max_tokens = 100

    def encode(self, texts, on_encoded=None):
        return super().encode([f"passage: {text}" for text in texts], on_encoded)

    def encode_query(self, texts):
        return WordEncoder.encode(self, [f"query: {text}" for text in texts])


@pytest.fixture(scope="session")
def real_encoder(tmp_path_factory):
    """The encoder that comes with us, exported once."""
    from qa.index.export import exported_encoder
    from qa.index.models import BUNDLED

    return exported_encoder(BUNDLED, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def word_encoder(monkeypatch):
    """Put the test encoder in the place of every other, and no reranker; the one that embeds."""
    import qa.answer.ask
    import qa.evaluation.run
    import qa.index.export

    encoder = WordEncoder()
    monkeypatch.setenv("QA_RERANKER", "off")
    monkeypatch.setattr(qa.answer.ask, "open_encoder", lambda *_: WordEncoder())
    for module in (qa.index.export, qa.evaluation.run):
        monkeypatch.setattr(module, "exported_encoder", lambda *_, **__: encoder)
    return encoder


@pytest.fixture
def encoder():
    return WordEncoder()


def contents(folder):
    """Every file, folder and link below a folder, with what it holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = path.readlink()
        else:
            found[name] = path.read_bytes() if path.is_file() else None
    return found


def corpus_file(document):
    return CorpusFile(f"{document.id}.md", document.sha256, document)


@pytest.fixture
def make_index(tmp_path, encoder):
    """Build a snapshot of documents given as id: text; the index folder."""

    def make(texts, index=tmp_path / "index", passage_chars=1250, **fields):
        documents = [Document(id=i, title=i, text=t, **fields) for i, t in texts.items()]
        build([corpus_file(d) for d in documents], index, encoder, passage_chars=passage_chars)
        return index

    return make


@pytest.fixture
def make_live(make_index):
    """Return a function that makes a ``Live`` over documents, given as id: text."""

    def make(texts, **fields):
        from qa import QA
        from qa.index.snapshot import open_snapshot
        from qa.web.server.live import Live

        return Live(QA(open_snapshot(make_index(texts, **fields)), WordEncoder()))

    return make


@pytest.fixture
def make_client():
    """A client of the server over what is live, without the chat; keywords are settings."""
    from fastapi.testclient import TestClient

    from qa.settings import Settings
    from qa.web.app import create_app

    def make(live, address="203.0.113.7", **settings):
        app = create_app(live, Settings(**settings), chat=False)
        return TestClient(app, base_url="http://127.0.0.1", client=(address, 50_000))

    return make


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Run ``qa serve`` over the seed in a process of its own; yield its address."""
    from serving import indexed, serving

    # The tests of a module are one client, and ask more than a visitor does.
    with serving(
        indexed(tmp_path_factory.mktemp("served")), questions_per_minute=10_000
    ) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    """Debian's browser. Of a module: while it runs, no other event loop can in this thread."""
    import shutil

    from playwright.sync_api import expect, sync_playwright

    from patience import HANG_MS
    from serving import CHROMIUM_ARGS

    def patient(make):
        def made(**options):
            page_or_context = make(**options)
            page_or_context.set_default_timeout(HANG_MS)
            return page_or_context

        return made

    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "Chromium is missing: install it (on Debian: apt-get install chromium)."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=CHROMIUM_ARGS, timeout=HANG_MS
        )
        browser.new_page = patient(browser.new_page)
        browser.new_context = patient(browser.new_context)
        expect.set_options(timeout=HANG_MS)
        yield browser
        browser.close()

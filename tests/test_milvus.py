"""A record searched by a real Milvus Lite server, over gRPC."""

import base64
import concurrent.futures
import contextlib
import datetime
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, HalfEncoder, WordEncoder, corpus_file
from patience import HANG_S, wait_until
from qa.answer.ask import QA
from qa.cluster.milvus import Milvus, condition
from qa.cluster.milvus_client import MilvusServer
from qa.cluster.rows import searches
from qa.errors import SettingsError, SnapshotError, UnavailableError
from qa.index.build import EXACT_ROWS, build
from qa.index.engine import FAISS, engine_of
from qa.index.snapshot import check_files, live_digest, open_snapshot, roll_back
from qa.index.vectors import VECTORS
from qa.index.visible import Visible
from qa.records import Document, to_json
from qa.settings import Settings
from serving import free_port, proxy, serving, tool

pytestmark = [pytest.mark.slow, pytest.mark.server]

QUESTION = "what are the main considerations behind the Opinions"
SUBJECTS = "tea milk roads rain survey trade ferry horses coal wheat".split()
PAIRS = list(itertools.pairwise(SUBJECTS))


class Server:
    """Milvus Lite as a process that can be killed and started again."""

    def __init__(self, folder):
        self._folder, self._port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self._port}"
        self._process = None

    def start(self):
        command = [shutil.which("milvus-lite", path=Path(sys.executable).parent), "server"]
        where = ["--host", "127.0.0.1", "--port", str(self._port)]
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, *where, "--data-dir", str(self._folder / "data")],
                stdout=log,
                stderr=log,
            )
        wait_until(self._is_ready, self._is_running)

    def _is_running(self):
        assert self._process.poll() is None, (self._folder / "log").read_text("utf-8")
        return True

    def _is_ready(self):
        try:
            Milvus(self.uri, "nobody").live(self._folder)
        except UnavailableError:
            return False
        return True

    def kill(self):
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(HANG_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def names():
    """A name in Milvus that no other test has."""
    return f"t{next(_NUMBERS)}"


_NUMBERS = itertools.count()


@pytest.fixture
def engine(server, names):
    return Milvus(server.uri, names)


def documents(count=40, said="said"):
    """Documents of all dates and sections, each with a question and two statements."""
    chance = np.random.default_rng(3)
    for number in range(count):
        words = chance.choice(SUBJECTS, 6)
        yield Document(
            id=f"d{number:03}",
            title=f"On {words[0]}",
            text=f"What does the minister think of {words[1]} and of {words[2]} this year?"
            f"(2020-01-01)\n\nThe minister {said} that "
            f"{words[3]} is number{number}. Of {words[4]} there is enough.\n\nThen {words[5]}.",
            date=datetime.date(2020, 1, 1) + datetime.timedelta(days=9 * number)
            if number % 7
            else None,
            section=("Trade", "Weather", None)[number % 3],
            layout="question-answer",
        )


def indexed(index, engine, *, exact_rows=EXACT_ROWS, take_over=False, **told):
    files = [corpus_file(document) for document in documents(**told)]
    settings = {"passage_chars": 200, "exact_rows": exact_rows, "take_over": take_over}
    return build(files, index, WordEncoder(), engine=engine, **settings).digest


def said(answer):
    """An answer without the time it took."""
    return {**to_json(answer), "elapsed_ms": 0}


def test_the_answers_are_those_of_faiss_to_the_last_word(tmp_path, engine):
    digest = indexed(tmp_path / "m", engine)
    assert indexed(tmp_path / "f", FAISS) == digest
    here = QA(open_snapshot(tmp_path / "f"), WordEncoder(), top_k=9)
    there = QA(open_snapshot(tmp_path / "m", engine), WordEncoder(), top_k=9)
    for subject, other in PAIRS:
        question = f"what of {subject} and {other}?"
        for narrowed in (
            {},
            {"since": datetime.date(2020, 5, 1)},
            {"until": datetime.date(2020, 5, 1), "section": "Trade"},
            {"previous": [f"is there enough {other}?"]},
        ):
            assert said(there.ask(question, **narrowed)) == said(here.ask(question, **narrowed))
        hidden = [hit.row for hit in here.explain(question).hits[:3]]
        assert said(there.explain(question, hidden=hidden).answer) == said(
            here.explain(question, hidden=hidden).answer
        )


def test_what_is_found_is_what_is_visible_in_each_of_the_searches(tmp_path, engine):
    digest = indexed(tmp_path, engine)
    snapshot = open_snapshot(tmp_path, engine)
    own = open_snapshot(tmp_path, FAISS, digest)
    vector = WordEncoder().encode(["the minister said that tea is enough"])[0]
    starts = snapshot.passages.sentence_starts
    dates = snapshot.documents.dates[snapshot.passages.documents]
    since = datetime.date(2020, 6, 1).toordinal()
    late = Visible(dates >= since, since=since)
    hidden = np.arange(len(dates)) % 3 == 0
    some = Visible(~hidden, hidden=tuple(np.flatnonzero(hidden).tolist()))
    for visible in (late, some):
        assert 0 < visible.rows.sum() < len(dates)
        for name, narrowed in (
            ("passage_vectors", visible),
            ("sentence_vectors", visible.spread(np.diff(starts))),
            ("question_vectors", visible.at(snapshot.passages.of_sentences(snapshot.questions))),
        ):
            asked = getattr(snapshot, name).nearest(vector, 12, narrowed)
            exact = getattr(own, name).nearest(vector, 12, narrowed)
            assert asked[0].tolist() == exact[0].tolist()
            assert asked[1].tolist() == exact[1].tolist()
            assert len(asked[0])
        words = ["minist", "tea", "enough", "absent"]
        assert len(snapshot.lexical.highest(words, 12, visible)) == 12
        assert (
            snapshot.lexical.highest(words, 12, visible).tolist()
            == own.lexical.highest(words, 12, visible).tolist()
        )
    assert snapshot.lexical.highest(["absent"], 12).tolist() == []


def test_the_order_is_that_of_the_files_whatever_order_milvus_gives(tmp_path, engine, monkeypatch):
    search = MilvusServer.search
    shuffled = np.random.default_rng(1).permutation
    monkeypatch.setattr(MilvusServer, "search", lambda *args: shuffled(search(*args)))
    digest = indexed(tmp_path, engine)
    snapshot, own = open_snapshot(tmp_path, engine), open_snapshot(tmp_path, FAISS, digest)
    vector = WordEncoder().encode(["the minister said that tea is enough"])[0]
    words = ["minist", "tea", "enough"]
    assert snapshot.lexical.highest(words, 12).tolist() == own.lexical.highest(words, 12).tolist()
    remote, local = (s.sentence_vectors.nearest(vector, 12) for s in (snapshot, own))
    assert [part.tolist() for part in remote] == [part.tolist() for part in local]


def test_beyond_exact_rows_milvus_searches_in_lists_and_finds_nearly_all(tmp_path, engine):
    digest = indexed(tmp_path, engine, count=400, exact_rows=100)
    snapshot, own = open_snapshot(tmp_path, engine), open_snapshot(tmp_path, FAISS, digest)
    client = engine._server._connected()
    kinds = {
        name: client.describe_index(f"{engine._name}_{digest}_{name}", "vector")["index_type"]
        for name in searches(tmp_path / digest)
    }
    assert kinds == dict.fromkeys(VECTORS, "IVF_SQ8") | {"words": "SPARSE_INVERTED_INDEX"}
    vectors = WordEncoder().encode(
        [f"what of {one} and {two}?" for one in SUBJECTS for two in "ab"]
    )
    dates = snapshot.documents.dates[snapshot.passages.documents]
    since = datetime.date(2026, 1, 1).toordinal()
    late = Visible(dates >= since, since=since)
    for visible in (None, late):
        least = []
        for vector in vectors:
            rows, cosines = snapshot.passage_vectors.nearest(vector, 10, visible)
            assert cosines.tolist() == own.passage_vectors.cosines(vector, rows).tolist()
            assert visible is None or visible.rows[rows].all()
            every = own.passage_vectors.cosines(vector, np.arange(len(dates)))
            exact = np.sort(every if visible is None else every[visible.rows])[-10]
            least.append((cosines >= exact).sum() / 10)
        assert np.mean(least) > 0.9


def test_what_is_said_again_and_again_hides_nothing_in_an_approximate_search(tmp_path, engine):
    # In a graph the alike lead to each other only: whoever comes among them does not get out.
    chance = np.random.default_rng(3)
    thanks = {f"t{n:03}": "Thank you very much indeed." for n in range(100)}
    others = {f"o{n:03}": f"{' '.join(chance.choice(SUBJECTS, 6))} {n}." for n in range(200)}
    texts = {**thanks, **others}
    files = [corpus_file(Document(id=name, title=name, text=texts[name])) for name in texts]
    told = {"passage_chars": 200, "exact_rows": 100}
    digest = build(files, tmp_path, WordEncoder(), engine=engine, **told).digest
    snapshot = open_snapshot(tmp_path, engine)
    every = open_snapshot(tmp_path, FAISS, digest).passage_vectors
    for subject, other in PAIRS:
        vector = WordEncoder().encode([f"thank you very much {subject} indeed {other}"])[0]
        exact = np.sort(every.cosines(vector, np.arange(300)))[-150:]
        found = snapshot.passage_vectors.nearest(vector, 150)[1]
        assert len(found) == 150
        assert (found >= exact[0]).mean() > 0.9


def test_conditions_say_what_is_visible():
    rows = np.ones(3, dtype=bool)
    assert condition(None) == ""
    assert condition(Visible(rows, since=5)) == "date >= 5 and date > 0"
    told = condition(Visible(rows, until=9, section=2, hidden=(0, 7)))
    assert told == "date <= 9 and date > 0 and section == 2 and passage not in [0, 7]"
    assert condition(Visible(rows, only=(1, 2))) == "passage in [1, 2]"
    assert condition(Visible(rows, only=())) == "passage in []"


def test_publishing_is_a_switch_and_the_one_before_can_be_gone_back_to(tmp_path, engine, server):
    first = indexed(tmp_path, engine)
    held = Milvus(server.uri, engine._name)
    old = open_snapshot(tmp_path, held)
    second = indexed(tmp_path, engine, said="told us")
    assert held.live(tmp_path) == second != first
    # Who still reads the one before finds all of it.
    vector = WordEncoder().encode(["tea"])[0]
    assert len(old.passage_vectors.nearest(vector, 5)[0]) == 5
    assert roll_back(tmp_path, engine) == first == held.live(tmp_path)
    assert roll_back(tmp_path, engine) == second == held.live(tmp_path)
    third = indexed(tmp_path, engine, said="declared")
    of_ours = {
        name.split("_")[1]
        for name in engine._server._connected().list_collections()
        if name.startswith(f"{engine._name}_")
    }
    assert of_ours == {second, third}
    assert {p.name for p in tmp_path.iterdir() if len(p.name) == 32} == {second, third}


def test_a_publishing_that_is_cut_off_leaves_the_old_one_and_can_be_done_again(
    tmp_path, engine, monkeypatch
):
    first = indexed(tmp_path, engine)
    sent = MilvusServer.send

    def cut_off(self, collection, rows):
        sent(self, collection, rows[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr(MilvusServer, "send", cut_off)
    with pytest.raises(KeyboardInterrupt):
        indexed(tmp_path, engine, said="told us")
    monkeypatch.undo()
    assert engine.live(tmp_path) == first
    assert check_files(tmp_path, engine) == []
    second = indexed(tmp_path, engine, said="told us")
    assert engine.live(tmp_path) == second
    assert check_files(tmp_path, engine) == []


def test_what_milvus_holds_is_proved_row_by_row(tmp_path, engine):
    digest = indexed(tmp_path, engine)
    collection = f"{engine._name}_{digest}_sentences"
    client = engine._server._connected()
    (row,) = client.query(collection, ids=[3], output_fields=["*"])
    client.upsert(collection, [{**dict(row), "vector": [-x for x in row["vector"]]}])
    own = f"{collection} in Milvus: row 3 is not the snapshot's"
    assert check_files(tmp_path, engine) == [own]
    words = f"{engine._name}_{digest}_words"
    (row,) = client.query(words, ids=[5], output_fields=["*"])
    first, *_ = row["vector"]
    client.upsert(words, [{**dict(row), "vector": {**row["vector"], first: 0.5}}])
    client.delete(words, ids=[6])
    assert check_files(tmp_path, engine) == [
        own,
        f"{words} in Milvus: row 5 is not the snapshot's",
        f"{words} in Milvus lacks row 6",
    ]


@pytest.mark.parametrize("name", ["passages", "words"])
def test_fewer_rows_than_there_are_are_no_answer(tmp_path, engine, name):
    digest = indexed(tmp_path, engine)
    qa = QA(open_snapshot(tmp_path, engine), WordEncoder())
    collection = f"{engine._name}_{digest}_{name}"
    count = len(qa.snapshot.passages)
    engine._server._connected().delete(collection, ids=[*range(1, count)])
    with pytest.raises(UnavailableError, match="not whole"):
        qa.ask("what of tea and milk?")
    with pytest.raises(UnavailableError, match=f"holds 1 rows, the snapshot {count}"):
        qa.snapshot.engine.check(digest)
    with pytest.raises(SnapshotError, match=f"holds 1 rows, the snapshot {count}"):
        open_snapshot(tmp_path, engine)


def test_a_second_encoder_has_collections_of_its_own(tmp_path, engine):
    files = [corpus_file(document) for document in documents()]
    encoders = [WordEncoder(), HalfEncoder()]
    digest = build(files, tmp_path, encoders, passage_chars=200, engine=engine).digest
    suffixes = [*VECTORS, *(f"{name}_1" for name in VECTORS), "words"]
    assert searches(tmp_path / digest) == suffixes
    remote, local = open_snapshot(tmp_path, engine), open_snapshot(tmp_path, FAISS, digest)
    for there, here, encoder in zip(remote.embeddings, local.embeddings, encoders, strict=True):
        vector = encoder.encode_query(["the minister said that tea is enough"])[0]
        for name in VECTORS:
            rows, cosines = getattr(there, name).nearest(vector, 9)
            expected = getattr(here, name).nearest(vector, 9)
            assert (rows.tolist(), cosines.tolist()) == (expected[0].tolist(), expected[1].tolist())
    assert check_files(tmp_path, engine) == []
    collections = {f"{engine._name}_{digest}_{suffix}" for suffix in suffixes}
    assert collections <= {*engine._server._connected().list_collections()}
    indexed(tmp_path, engine)
    indexed(tmp_path, engine, said="told us")
    left = engine._server._connected().list_collections()
    assert collections.isdisjoint(left)


def test_an_alias_that_leads_elsewhere_is_refused(tmp_path, engine):
    digest = indexed(tmp_path, engine)
    engine._server._connected().alter_alias(f"{engine._name}_{digest}_sentences", engine._name)
    for asked in (
        partial(live_digest, tmp_path, engine),
        partial(live_digest, tmp_path, engine, missing_ok=True),
        partial(indexed, tmp_path, engine, said="told us"),
    ):
        with pytest.raises(SettingsError, match="which is no snapshot of ours"):
            asked()


def test_what_is_live_is_not_replaced_from_another_folder(tmp_path, engine):
    digest = indexed(tmp_path / "a", engine)
    with pytest.raises(SnapshotError, match=rf"{digest}, is not in .*b: .*--take-over"):
        indexed(tmp_path / "b", engine, said="told us")
    assert engine.live(tmp_path) == digest
    second = indexed(tmp_path / "b", engine, said="told us", take_over=True)
    assert engine.live(tmp_path) == second
    with pytest.raises(SnapshotError, match="is missing, the files of the live snapshot: copy"):
        open_snapshot(tmp_path / "a", engine)


def test_the_engine_is_changed_without_embedding_anew_and_both_find_their_snapshot(
    tmp_path, engine
):
    files = [corpus_file(document) for document in documents()]
    told = {"passage_chars": 200}
    first = build(files, tmp_path, WordEncoder(), **told)
    second = build(files, tmp_path, WordEncoder(), engine=engine, **told)
    assert (second.digest, second.embedded) == (first.digest, 0)
    changed = [corpus_file(document) for document in documents(said="told us")]
    third = build(changed, tmp_path, WordEncoder(), engine=engine, **told)
    assert third.reused > 0
    assert live_digest(tmp_path) == live_digest(tmp_path, engine) == third.digest
    fourth = build(files, tmp_path, WordEncoder(), **told)
    assert fourth.embedded < first.embedded
    assert open_snapshot(tmp_path).digest == fourth.digest
    # Who still asks Milvus finds what was published there.
    assert open_snapshot(tmp_path, engine).digest == third.digest


def test_a_server_that_is_not_there_is_named_with_the_remedy(tmp_path):
    engine = Milvus(f"http://127.0.0.1:{free_port()}", "press_qa", token="user:secret")  # noqa: S106 - of nobody
    with pytest.raises(UnavailableError, match=r"Milvus at http://127.*milvus_uri") as failure:
        live_digest(tmp_path, engine)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("uri", "content", "why"),
    [
        ("https://127.0.0.1:1", None, "No such file"),
        ("https://127.0.0.1:1", "no certificate", "holds no certificate in PEM"),
        (
            "http://127.0.0.1:1",
            "-----BEGIN CERTIFICATE-----",
            "is for TLS, and milvus_uri is http:",
        ),
    ],
)
def test_a_certificate_that_cannot_be_used_is_refused_at_once(tmp_path, uri, content, why):
    if content:
        (tmp_path / "c.pem").write_text(content, "ascii")
    with pytest.raises(SettingsError, match=f"milvus_certificate.*{why}"):
        Milvus(uri, "press_qa", certificate=tmp_path / "c.pem")


def test_without_its_packages_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r'pip install "press-qa\[cluster\]"'):
        engine_of(Settings.load(engine="milvus"))


def test_token_and_certificate_are_given_to_milvus(tmp_path, monkeypatch):
    given = {}
    (tmp_path / "authority.pem").write_text("-----BEGIN CERTIFICATE-----", "ascii")
    monkeypatch.setattr("pymilvus.MilvusClient", lambda uri, **told: given.update(told, uri=uri))
    settings = Settings.load(
        engine="milvus",
        milvus_uri="https://milvus.example.org:19530",
        milvus_token="user:secret",  # noqa: S106 - of nobody
        milvus_certificate=tmp_path / "authority.pem",
    )
    assert "secret" not in repr(settings)
    engine_of(settings)._server._connected()
    assert given.pop("timeout") > 0
    assert given == {
        "uri": "https://milvus.example.org:19530",
        "token": "user:secret",
        "secure": True,
        "server_pem_path": str(tmp_path / "authority.pem"),
    }


TLS = """
map $http_authorization $is_known {{ default 0; "{known}" 1; }}
server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{
        if ($is_known = 0) {{ return 401; }}
        client_max_body_size 64m;
        grpc_pass grpc://{server};
    }}
}}
"""


@pytest.fixture
def guarded(server, tmp_path):
    """Milvus behind TLS and a password, and the certificate that proves it."""
    name = "/CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2"
    request = f"req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj {name}"
    command = [tool("openssl", "openssl"), *request.split()]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    port = free_port()
    known = base64.b64encode(b"user:secret").decode()
    address = server.uri.removeprefix("http://")
    text = TLS.format(known=known, port=port, folder=tmp_path, server=address)
    with proxy(tmp_path, port, text):
        yield f"https://127.0.0.1:{port}", tmp_path / "cert.pem"


def test_over_tls_a_token_is_asked_for_and_a_certificate_checked(guarded, tmp_path, names):
    uri, certificate = guarded
    told = {"token": "user:secret", "certificate": certificate}
    # Before the one that is let in: pymilvus shares a connection that is open already.
    for lacking in told:
        given = {name: value for name, value in told.items() if name != lacking}
        with pytest.raises(UnavailableError, match="milvus_token") as failure:
            Milvus(uri, names, **given).live(tmp_path)
        assert "secret" not in str(failure.value)
    engine = Milvus(uri, names, **told)
    digest = indexed(tmp_path / "index", engine)
    assert engine.live(tmp_path) == digest
    vectors = open_snapshot(tmp_path / "index", engine).passage_vectors
    assert len(vectors.nearest(WordEncoder().encode(["tea"])[0], 5)[0]) == 5


# Two servers over one Milvus, as processes.


def fetched(url, body=None):
    """Status, headers and JSON of a response, whatever it is."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=HANG_S) as answer:  # noqa: S310 - ours
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def asked(address, number):
    """Status, headers and content of an answer that no server has given before."""
    body = {"question": f"{QUESTION} ({number})"}
    status, headers, content = fetched(f"{address}/api/v1/ask", body)
    return status, headers, json.loads(content)


@contextlib.contextmanager
def asking(addresses, per_second=10):
    """Visitors who ask so many questions a second, of each server in turn; what came."""
    came, stopped, numbers = [], threading.Event(), itertools.count()
    where = itertools.cycle(addresses)

    def ask(number, address):
        came.append((address, *asked(address, number)))

    with concurrent.futures.ThreadPoolExecutor(16) as threads:

        def visit():
            while not stopped.wait(1 / per_second):
                threads.submit(ask, next(numbers), next(where))

        visits = threads.submit(visit)
        try:
            yield came
        finally:
            stopped.set()
            visits.result()


def published(home, environment, horses):
    """Add a document and index; the digest."""
    page = f"---\ntitle: The ferry\n---\nThe ferry of Wexley carried {horses} horses.\n"
    (home / "corpus" / "ferry.md").write_text(page, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "qa", "index"],
        cwd=home,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return re.search("Live snapshot: index/([0-9a-f]{32})", done.stdout)[1]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A home, its environment, a Milvus of its own, and the addresses of two servers."""
    milvus = Server(tmp_path_factory.mktemp("own-milvus"))
    milvus.start()
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "corpus", home / "corpus")
    environment = {"QA_ENGINE": "milvus", "QA_MILVUS_URI": milvus.uri}
    published(home, environment, 1)
    settings = {"engine": "milvus", "milvus_uri": milvus.uri, "questions_per_minute": 6000}
    with serving(home, **settings) as one, serving(home, **settings) as other:
        yield home, environment, milvus, [one, other]
    milvus.kill()


def ready(address):
    status, _, content = fetched(f"{address}/readyz")
    return content.decode() if status == 200 else None


def test_a_new_snapshot_is_taken_up_by_both_servers_and_no_question_fails_meanwhile(two):
    home, environment, _, addresses = two
    old = ready(addresses[0])
    with asking(addresses) as came:
        wait_until(lambda: len(came) > 10)
        new = published(home, environment, 17)
        wait_until(lambda: {ready(address) for address in addresses} == {new})
        seen = len(came)
        wait_until(lambda: len(came) > seen + 10)
    assert {status for _, status, *_ in came} == {200}
    assert {answer["snapshot"] for *_, answer in came} == {old, new}
    # Whoever answered and from which snapshot: the first citation is the record's one answer.
    assert len({answer["citations"][0]["passage"]["text"] for *_, answer in came}) == 1
    status, _, content = fetched(
        f"{addresses[1]}/api/v1/ask",
        {"question": "how many horses did the ferry of Wexley carry?"},
    )
    cited = json.loads(content)["citations"][0]["passage"]["text"]
    assert (status, cited) == (200, "The ferry of Wexley carried 17 horses.")


def test_while_milvus_is_away_questions_are_refused_and_answered_again_when_it_is_back(two):
    home, _, milvus, addresses = two
    with asking(addresses) as came:
        wait_until(lambda: len(came) > 10)
        milvus.kill()
        wait_until(lambda: all(ready(address) is None for address in addresses))
        status, headers, _ = fetched(f"{addresses[0]}/readyz")
        assert (status, headers["Retry-After"]) == (503, "2")
        away = partial(fetched, f"{addresses[0]}/metrics")
        wait_until(lambda: b"qa_engine_away 1.0" in away()[2])
        wait_until(lambda: sum(status == 503 for _, status, *_ in came) > 10)
        assert fetched(f"{addresses[0]}/healthz")[0] == 200
        milvus.start()
        wait_until(lambda: all(ready(address) for address in addresses))
        seen = len(came)
        wait_until(lambda: {w for w, status, *_ in came[seen:] if status == 200} == {*addresses})
    statuses = {status for _, status, *_ in came}
    assert statuses == {200, 503}
    assert all(headers["Retry-After"] for _, status, headers, _ in came if status == 503)
    # Visitors are not told where it runs and what it is; the log tells, once.
    refusals = {answer["detail"] for _, status, _, answer in came if status == 503}
    assert refusals == {"Search is not available at the moment. Try again shortly."}
    for address in addresses:
        log = home / f"log-{address.rpartition(':')[2]}"
        # Noticed by the server's own check, which may come after the first answers.
        wait_until(lambda log=log: "the engine is used again" in log.read_text("utf-8"))
        told = [line for line in log.read_text("utf-8").splitlines() if "the engine" in line]
        assert ["cannot be used: Milvus at" in told[-2], "is used again" in told[-1]] == [True] * 2
        assert b"qa_engine_away 0.0" in fetched(f"{address}/metrics")[2]
    good = [answer for _, status, _, answer in came if status == 200]
    assert len({answer["citations"][0]["passage"]["text"] for answer in good}) == 1

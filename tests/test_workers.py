"""Many workers embed as one process does; the record may be read from elsewhere."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from conftest import WordEncoder
from patience import wait_until
from qa import cli
from qa.answer.verify import verify_snapshot
from qa.cluster import shards as shards_module
from qa.cluster.shards import Shards, shards_folder
from qa.cluster.workers import Workers
from qa.errors import CorpusError, ModelError, SettingsError, UnavailableError
from qa.index.build import build
from qa.index.snapshot import live_digest
from qa.sources import corpus_folder

TEXTS = [f"In {1700 + n} the price of tea rose by {n} percent. " * (1 + n % 5) for n in range(300)]
SHARD = 16
SHARDS = -(-len(TEXTS) // SHARD)
# The command itself, with small shards.
COMMAND = """
import sys
from qa.cluster import shards
shards.SHARD_TEXTS = {shard}
sys.argv = ["qa", "index", "--workers", "2"]
from qa.cli import main
main()
"""
# What Ray itself leaves open when it ends, and says of its own future.
quiet = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def cluster(real_encoder):
    """A cluster of this machine, of two processors, for all tests of this module."""
    with Workers(real_encoder, Path("unused"), 2) as first:
        first._start()
        yield


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards_module, "SHARD_TEXTS", SHARD)


@pytest.fixture
def kept(monkeypatch):
    """The names of the shards that are embedded and kept from here on."""
    names = []
    keep = Shards.keep

    def told(self, shard, vectors):
        names.append(shard.name)
        keep(self, shard, vectors)

    monkeypatch.setattr(Shards, "keep", told)
    return names


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A record of some hundred sentences in a project folder, which is where we are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    for n in range(5):
        text = "\n\n".join(TEXTS[n * 60 : n * 60 + 60])
        (tmp_path / "corpus" / f"d{n}.md").write_text(f"---\ntitle: T{n}\n---\n\n{text}\n", "utf-8")
    return tmp_path


def run(*args):
    """Exit code and output of a command."""
    done = CliRunner().invoke(cli.app, args)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def embedding_processes():
    """The ids of the workers that Ray has started for this process, and for nobody else's."""
    parents, names = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (place / "stat").read_text("utf-8").rpartition(")")[2].split()
            parents[int(place.name)] = int(stat[1])
            names[int(place.name)] = (place / "cmdline").read_bytes()

    def is_ours(pid):
        while pid in parents and pid != os.getpid():
            pid = parents[pid]
        return pid == os.getpid()

    return {p for p, name in names.items() if name.startswith(b"ray::MapWorker") and is_ours(p)}


def mark(test):
    for one in quiet:
        test = one(test)
    return test


@mark
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are found in /proc")
def test_a_killed_worker_is_replaced_and_not_a_bit_differs(cluster, real_encoder, tmp_path, kept):
    shards = tmp_path / "shards"
    seen, told = set(), []

    def on_encoded(done):
        running = embedding_processes()
        if not told:
            victim = min(running)
            os.kill(victim, signal.SIGKILL)
            seen.add(victim)
        told.append(done)
        seen.update(running)

    embedding = Workers(real_encoder, shards, 2)
    vectors = embedding.encode(TEXTS, on_encoded)
    expected = real_encoder.encode(TEXTS)
    assert (vectors.dtype, vectors.tobytes()) == (expected.dtype, expected.tobytes())
    assert len(seen) == 3  # two, and the one in the place of the killed
    assert len(told) == SHARDS
    assert told == [*sorted(told)[:-1], len(TEXTS)]

    # What is damaged on the disk is done again, and nothing else is.
    damaged = sorted(shards.iterdir())[:3]
    content = damaged[0].read_bytes()
    damaged[0].write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    damaged[1].write_bytes(damaged[1].read_bytes()[:-40])
    damaged[2].write_bytes(b"")
    kept.clear()
    assert embedding.encode(TEXTS).tobytes() == expected.tobytes()
    assert sorted(kept) == [path.stem for path in damaged]
    assert damaged[0].read_bytes() == content


@mark
def test_a_build_cut_off_goes_on_and_gives_the_digest_of_one_process(
    cluster, real_encoder, record, kept, monkeypatch
):
    cache = real_encoder._folder.parent.parent
    monkeypatch.setenv("QA_CACHE", str(cache))
    code, out = run("index", "--index", "alone")
    assert code == 0
    assert "Live snapshot" in out

    shards = shards_folder(cache, Path("index"), real_encoder)
    killed = subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(shard=SHARD)],
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len([*shards.glob("*.npy")]) >= 3, lambda: killed.poll() is None, 0.01)
    killed.kill()
    killed.wait()
    before = {path.stem for path in shards.glob("*.npy")}
    assert not (record / "index" / "current").exists()

    code, out = run("index", "--workers", "2")
    assert code == 0
    embedded, of_before = map(
        int, re.search(r"(\d+) texts embedded, .* (\d+) from an interrupted run", out).groups()
    )
    assert len(before) >= 3
    assert len(kept) > 0
    assert of_before == len(before) * SHARD
    assert len(kept) == len(set(kept)) == -(-embedded // SHARD)
    assert before.isdisjoint(kept)
    assert live_digest(Path("index")) == live_digest(Path("alone"))
    assert not shards.exists()


class Altered:
    """An encoder with another ``encode``, or another file in what it saves."""

    def __init__(self, encoder, add=0.0, graph=None):
        self._encoder = encoder
        self._add = add
        self._graph = graph

    def __getattr__(self, name):
        return getattr(self._encoder, name)

    def encode(self, texts):
        return self._encoder.encode(texts) + np.float32(self._add)

    def save(self, place):
        self._encoder.save(place)
        if self._graph is not None:
            (place / "encoder.onnx").write_bytes(self._graph)


@mark
def test_a_worker_that_embeds_otherwise_is_refused(cluster, real_encoder, tmp_path):
    with pytest.raises(ModelError, match="gives other vectors than this machine"):
        Workers(Altered(real_encoder, add=1e-6), tmp_path / "shards", 1).encode(TEXTS[:3])
    assert not (tmp_path / "shards").exists()


@mark
def test_a_worker_that_cannot_start_is_told_in_one_line(cluster, real_encoder, tmp_path):
    broken = Workers(Altered(real_encoder, graph=b"no graph"), tmp_path / "shards", 1)
    with pytest.raises(ModelError) as refused:
        broken.encode(TEXTS[:3])
    assert "encoder.onnx is not a graph that can be run" in str(refused.value)


def test_shards_on_the_disk_need_no_cluster(tmp_path, monkeypatch):
    embedding = Workers(WordEncoder(), tmp_path / "shards")
    texts = TEXTS[: SHARD + 1]
    vectors = WordEncoder().encode(texts)
    shards = Shards(tmp_path / "shards", embedding.sha256)
    for shard in shards.split(texts):
        shards.keep(shard, vectors[shard.start : shard.start + shard.texts])
    monkeypatch.setattr(embedding, "_start", lambda: pytest.fail("a cluster was asked for"))
    told = []
    assert embedding.encode(texts, told.append).tobytes() == vectors.tobytes()
    assert told == [SHARD, SHARD + 1]
    assert embedding.encode([]).shape == (0, 1024)
    embedding.remove_shards()
    assert not (tmp_path / "shards").exists()


def test_a_shard_is_named_by_its_texts_and_their_borders_and_the_encoder(tmp_path):
    other = WordEncoder()
    other.sha256 = "1" * 64
    one, two = (Shards(tmp_path, encoder.sha256) for encoder in (WordEncoder(), other))
    cuts = [one.split(["a", "b"]), one.split(["ab"]), one.split(["b", "a"]), two.split(["ab"])]
    assert len({shard.name for cut in cuts for shard in cut}) == len(cuts)
    places = [
        shards_folder(tmp_path, tmp_path / index, encoder)
        for index in "ab"
        for encoder in (WordEncoder(), other)
    ]
    assert len(set(places)) == len(places)


@mark
def test_an_address_where_nobody_listens_is_told_at_once(tmp_path, monkeypatch):
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"ray://127.0.0.1:{port}", f"127.0.0.1:{port}"):
        embedding = Workers(WordEncoder(), tmp_path / "shards", 2, address)
        with pytest.raises(UnavailableError, match=f"There is no Ray cluster at {address}: "):
            embedding.encode(["tea"])


def test_without_ray_the_package_to_install_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SettingsError, match=r'pip install "press-qa\[cluster\]"'):
        Workers(WordEncoder(), tmp_path / "shards", 2).encode(["tea"])


def test_a_number_of_workers_or_an_address_that_cannot_be_is_refused(record):
    assert run("index", "--workers", "-1")[0] == 2
    with pytest.raises(SettingsError, match="0 workers cannot embed: take 1 or more"):
        Workers(WordEncoder(), record, 0)
    for address in ("nowhere", "http://127.0.0.1:1", "ray://a:b", "ray://u:p@h:1"):
        with pytest.raises(SettingsError, match="ray: String should match"):
            run("index", "--ray", address)


def test_a_record_elsewhere_gives_the_same_digest(record, monkeypatch):
    from upath import UPath

    away = UPath("memory://away/record")
    away.mkdir(parents=True)
    for path in (record / "corpus").iterdir():
        (away / path.name).write_bytes(path.read_bytes())
    (away / "README.md").write_bytes(b"no document")
    digests = set()
    for n, place in enumerate([Path("corpus"), (record / "corpus").as_uri(), str(away)]):
        files = corpus_folder.read_all(corpus_folder.place(place))
        digests.add(build(files, record / f"i{n}", WordEncoder(), passage_chars=400).digest)
        proof = verify_snapshot(record / f"i{n}", corpus_folder.place(place))
        assert proof.faults == ()
        assert f"5 documents in {place} (snapshot" in proof.summary
    assert len(digests) == 1
    (away / "d0.md").write_bytes(b"---\ntitle: T0\n---\n\nOther.\n")
    (away / "d1.md").unlink()
    faults = verify_snapshot(record / "i2", corpus_folder.place(str(away))).faults
    assert any(f.startswith(f"{away}/d0.md is not what was indexed") for f in faults)
    assert any(f.startswith(f"{away}/d1.md is missing") for f in faults)


def test_the_commands_read_an_address_and_write_none(record, word_encoder):
    url = (record / "corpus").as_uri()
    assert run("index", "--corpus", url)[0] == 0
    code, out = run("verify", "--corpus", url)
    assert code == 0
    assert f"5 documents in {url}" in out.replace("\n", "")
    with pytest.raises(SettingsError, match=f"{url} is an address and can only be read: ingest"):
        run("ingest", "seeds", "--corpus", url)
    with pytest.raises(SettingsError, match="can only be read"):
        run("ingest", "--update", "--corpus", "s3://bucket/record")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("s3://bucket/record", "a package is missing; pip: Install s3fs to access S3"),
        ("nothing://there", "cannot be read: Unsupported filesystem: 'nothing'"),
        ("file:///no/such/folder", "There is no corpus folder file:///no/such/folder: correct its"),
    ],
)
def test_an_address_that_cannot_be_read_is_told(url, why):
    with pytest.raises(CorpusError) as refused:
        corpus_folder.read_all(corpus_folder.place(url))
    assert why in str(refused.value)


def test_without_the_library_of_addresses_folders_are_read(record, monkeypatch):
    monkeypatch.setitem(sys.modules, "upath", None)
    assert len([*corpus_folder.read_all(corpus_folder.place(Path("corpus")))]) == 5
    with pytest.raises(CorpusError, match=r'pip install "press-qa\[cluster\]"'):
        corpus_folder.place("file:///tmp")


def test_whatever_goes_wrong_elsewhere_names_the_file(monkeypatch):
    def refused(_):
        raise RuntimeError("no credentials")

    path = corpus_folder.place("memory://away/d.md")
    monkeypatch.setattr(type(path), "read_bytes", refused)
    with pytest.raises(CorpusError, match="memory://away/d.md cannot be .*: no credentials"):
        corpus_folder.read(path)

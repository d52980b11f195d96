"""Nearest rows: highest cosine first, equals in order, no row that is not there."""

import numpy as np
import pytest

from qa.errors import SnapshotError
from qa.index.vectors import VectorIndex, half
from qa.index.visible import Visible


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def built(*rows, **how):
    return VectorIndex.build(half(unit(*rows)), **how)


def rows(index, *question):
    return index.nearest(unit(question[0])[0], *question[1:])[0].tolist()


def test_the_most_alike_row_comes_first_with_the_higher_cosine():
    found, cosines = built([1, 0], [1, 1], [0, 1]).nearest(unit([1, 0.1])[0], 3)
    assert found.tolist() == [0, 1, 2]
    assert np.allclose(cosines, unit([1, 0], [1, 1], [0, 1]) @ unit([1, 0.1])[0], atol=1e-3)


def test_equals_come_in_the_order_of_rows_also_where_the_list_ends():
    index = built(*[[0, 1]] * 3, *[[1, 0]] * 40)
    for k in (1, 2, 7, 39):
        assert rows(index, [1, 0], k) == list(range(3, 3 + k))


def test_more_rows_than_there_are_gives_those_there_are():
    assert rows(built([1, 0], [0, 1]), [0, 1], 10) == [1, 0]


def test_an_empty_index_finds_nothing():
    index = VectorIndex.build(np.empty((0, 2), np.float16), exact_rows=0, questions=unit([0, 1]))
    assert rows(index, [0, 1], 3) == []
    assert index.vectors(np.array([], dtype=np.int64)).shape == (0, 2)


def test_a_vector_of_another_length_is_refused_with_both_lengths():
    with pytest.raises(SnapshotError, match=r"shape \(3,\), the index holds vectors of 2"):
        built([1, 0]).nearest(np.zeros(3, np.float32), 1)


def test_a_spoilt_file_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"not an index")
    with pytest.raises(SnapshotError, match="not a vector index"):
        VectorIndex.open(tmp_path / "a")


def test_rows_that_are_not_visible_are_not_searched_and_take_no_place():
    index = built(*[[1, 0]] * 5, [1, 1], [0, 1])
    visible = Visible(np.array([False, True, False, True, False, True, False]))
    found, cosines = index.nearest(unit([1, 0])[0], 3, visible)
    assert found.tolist() == [1, 3, 5]
    assert cosines[2] == pytest.approx(np.sqrt(0.5), abs=1e-3)
    assert rows(index, [1, 0], 9, visible) == [1, 3, 5]
    assert rows(index, [1, 0], 3, Visible(np.zeros(7, dtype=bool))) == []


# Approximate search: vectors around a few hundred directions, as texts on as many subjects.


@pytest.fixture(scope="module")
def cloud():
    chance = np.random.default_rng(5)
    centres = chance.normal(size=(300, 24))
    near = np.repeat(centres, 20, axis=0) + 0.6 * chance.normal(size=(6000, 24))
    questions = centres + 0.6 * chance.normal(size=(300, 24))
    return half(unit(*near)), unit(*questions)


@pytest.fixture(scope="module")
def approximate(cloud):
    return VectorIndex.build(cloud[0], exact_rows=5999, questions=half(cloud[1]))


def test_up_to_the_limit_the_search_is_exact_and_beyond_approximate(cloud, approximate):
    assert VectorIndex.build(cloud[0], exact_rows=6000).description == {"search": "exact"}
    description = approximate.description
    assert description["search"] == "approximate"
    assert 1 < description["probed"] < description["lists"]
    assert 0.99 <= description["recall@10"] <= 1


def test_an_approximate_search_finds_what_an_exact_one_finds(cloud, approximate):
    vectors, questions = cloud
    found = 0
    for question in questions:
        exact = np.argsort(-(vectors.astype(np.float32) @ question), kind="stable")[:10]
        rows, cosines = approximate.nearest(question, 10)
        assert np.allclose(cosines, vectors[rows].astype(np.float32) @ question, atol=1e-5)
        assert (np.diff(cosines) <= 0).all()
        found += len(set(exact.tolist()) & set(rows.tolist()))
    assert found / 3000 >= 0.98


def test_vectors_are_given_by_row_also_from_lists(cloud, approximate):
    wanted = np.array([5999, 0, 17, 17])
    assert np.array_equal(approximate.vectors(wanted), cloud[0][wanted].astype(np.float32))


def test_few_visible_rows_are_found_wherever_they_lie(cloud, approximate):
    visible = np.zeros(6000, dtype=bool)
    visible[np.random.default_rng(1).choice(6000, 12, replace=False)] = True
    for question in cloud[1][:20]:
        found, _ = approximate.nearest(question, 12, Visible(visible))
        assert set(found.tolist()) == set(np.flatnonzero(visible).tolist())


@pytest.mark.parametrize("exact_rows", [None, 100])
def test_saved_and_opened_it_is_the_same(tmp_path, cloud, exact_rows):
    vectors, questions = cloud
    for name in "ab":
        index = VectorIndex.build(vectors, exact_rows=exact_rows, questions=half(questions))
        index.save(tmp_path / f"{name}.faiss")
    for ending in ["faiss"] if exact_rows is None else ["faiss", "lists.faiss"]:
        one, other = (tmp_path / f"{name}.{ending}" for name in "ab")
        assert one.read_bytes() == other.read_bytes()
    assert len(list(tmp_path.iterdir())) == (2 if exact_rows is None else 4)
    opened = VectorIndex.open(tmp_path / "a.faiss")
    assert (len(opened), opened.dimension) == (6000, 24)
    assert opened.vectors(np.arange(50)).tolist() == vectors[:50].astype(np.float32).tolist()
    for question in questions[:5]:
        assert opened.nearest(question, 7)[0].tolist() == index.nearest(question, 7)[0].tolist()


def test_rows_of_zeros_are_like_nothing_and_spoil_no_list():
    vectors = np.zeros((200, 4), dtype=np.float16)
    vectors[150:] = half(unit(*np.random.default_rng(2).normal(size=(50, 4))))
    index = VectorIndex.build(vectors, exact_rows=10, questions=vectors[150:])
    for row in range(150, 200):
        question = vectors[row].astype(np.float32)
        assert index.nearest(question, 1)[0].tolist() == [row]
    assert VectorIndex.build(vectors[:100], exact_rows=10).description == {"search": "exact"}


def test_candidates_of_an_injected_search_are_rescored_and_ordered(tmp_path):
    """An engine may return candidates in any order; scores are those of the index's own vectors."""
    built([1, 0], [1, 1], [0, 1]).save(tmp_path / "v.faiss")
    calls = []

    def search(index, vector, wanted, visible):
        calls.append((len(index), wanted, visible))
        return np.array([2, 0, 1])

    index = VectorIndex.open(tmp_path / "v.faiss", search)
    found, cosines = index.nearest(unit([1, 0.1])[0], 2)
    assert found.tolist() == [0, 1]
    assert np.allclose(cosines, unit([1, 0], [1, 1]) @ unit([1, 0.1])[0], atol=1e-3)
    visible = Visible(np.array([True, False, True]))
    index.nearest(unit([1, 0])[0], 9, visible)
    assert calls == [(3, 2, None), (3, 2, visible)]

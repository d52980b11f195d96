"""Nearest rows, exactly: highest cosine first, equals in order, no row that is not there."""

import numpy as np
import pytest

from qa.errors import SnapshotError
from qa.index.vectors import VectorIndex


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_most_alike_row_comes_first_with_the_higher_cosine():
    index = VectorIndex.build(unit([1, 0], [1, 1], [0, 1]))
    found = index.nearest(unit([1, 0.1])[0], 3)
    assert [row for row, _ in found] == [0, 1, 2]
    expected = unit([1, 0], [1, 1], [0, 1]) @ unit([1, 0.1])[0]
    assert np.allclose([cosine for _, cosine in found], expected, atol=1e-6)


def test_equals_come_in_the_order_of_rows_also_where_the_list_ends():
    index = VectorIndex.build(unit(*[[0, 1]] * 3, *[[1, 0]] * 40))
    for k in (1, 2, 7, 39):
        assert [row for row, _ in index.nearest(unit([1, 0])[0], k)] == list(range(3, 3 + k))


def test_more_rows_than_there_are_gives_those_there_are():
    index = VectorIndex.build(unit([1, 0], [0, 1]))
    assert [row for row, _ in index.nearest(unit([0, 1])[0], 10)] == [1, 0]


def test_an_empty_index_finds_nothing():
    assert VectorIndex.build(np.empty((0, 2), np.float32)).nearest(unit([0, 1])[0], 3) == []


def test_a_vector_of_another_length_is_refused_with_both_lengths():
    index = VectorIndex.build(unit([1, 0]))
    with pytest.raises(SnapshotError, match=r"shape \(3,\), the index holds vectors of 2"):
        index.nearest(np.zeros(3, np.float32), 1)


def test_saved_and_opened_it_is_the_same(tmp_path):
    vectors = unit([1, 0], [1, 1], [0, 1])
    VectorIndex.build(vectors).save(tmp_path / "a")
    VectorIndex.build(vectors).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    index = VectorIndex.open(tmp_path / "a")
    assert (len(index), index.dimension) == (3, 2)
    assert np.array_equal(index.vectors, vectors)
    with pytest.raises(ValueError, match="read-only"):
        index.vectors[0] = 0
    assert VectorIndex.build(np.zeros((0, 2), np.float32)).vectors.shape == (0, 2)


def test_a_spoilt_file_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"not an index")
    with pytest.raises(SnapshotError, match="not a vector index"):
        VectorIndex.open(tmp_path / "a")


def test_rows_that_are_not_visible_are_not_searched_and_take_no_place():
    index = VectorIndex.build(unit(*[[1, 0]] * 5, [1, 1], [0, 1]))
    visible = np.array([False, True, False, True, False, True, False])
    found = index.nearest(unit([1, 0])[0], 3, visible)
    assert [row for row, _ in found] == [1, 3, 5]
    assert found[2][1] == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert [row for row, _ in index.nearest(unit([1, 0])[0], 9, visible)] == [1, 3, 5]
    assert index.nearest(unit([1, 0])[0], 3, np.zeros(7, dtype=bool)) == []

"""The record as a LangChain retriever."""

from conftest import WordEncoder
from qa import QA
from qa.evaluation import RecordRetriever
from qa.index.snapshot import open_snapshot


def test_passages_are_returned_best_first_with_their_offsets(make_index):
    index = make_index({"rain": "Rain fell.", "tea": "Tea is hot.", "milk": "Milk is cold."})
    qa = QA(open_snapshot(index), WordEncoder())
    found = RecordRetriever(qa, k=2).invoke("is tea hot")
    assert [d.page_content for d in found] == ["Tea is hot.", "Milk is cold."]
    assert found[0].id == "tea:0-11"
    assert found[0].metadata["score"] > found[1].metadata["score"]
    assert (
        found[0].metadata.items()
        >= {
            "document": "tea",
            "title": "tea",
            "date": None,
            "source": None,
            "start": 0,
            "end": 11,
            "status": "answered",
        }.items()
    )
    assert RecordRetriever(qa).invoke("zebra")[0].metadata["status"] == "not_in_record"
    assert RecordRetriever(qa, answers_only=True).invoke("zebra") == []

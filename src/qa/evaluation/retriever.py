"""The record as a LangChain retriever, for use and evaluation by other tools."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from qa.answer.ask import QA

__all__ = ["RecordRetriever"]


class RecordRetriever(BaseRetriever):
    """Retrieves the ``k`` best passages for a question, best first, verbatim.

    Passages are returned whether or not the record answers, as ``metadata["status"]`` says; with
    ``answers_only`` only if it does. The other metadata are ``document``, ``title``, ``date``
    (YYYY-MM-DD), ``source``, ``start``, ``end``, ``score``, ``confidence``.
    """

    qa: Any
    k: int = Field(4, ge=1)
    answers_only: bool = False

    def __init__(self, qa: QA, **options: Any) -> None:
        super().__init__(qa=qa, **options)  # type: ignore[call-arg]

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        explained = self.qa.explain(query)
        if self.answers_only and not explained.answer.is_answered:
            return []
        return [self._document(hit, explained.answer.status) for hit in explained.hits[: self.k]]

    def _document(self, hit: Any, status: str) -> Document:
        passage = self.qa.snapshot.passages[hit.row]
        span = passage.span
        document = self.qa.snapshot.documents[passage.document]
        return Document(
            id=f"{document.id}:{span.start}-{span.end}",
            page_content=passage.text,
            metadata={
                "document": document.id,
                "title": document.title,
                "date": str(document.date) if document.date else None,
                "source": document.source,
                "start": span.start,
                "end": span.end,
                "score": hit.score,
                "confidence": hit.confidence,
                "status": status,
            },
        )

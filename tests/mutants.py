"""Faults planted one at a time: the tests must notice each (``make mutants``).

The fast tests, and before them those in ``TRIED_BY``.

A survivor is a hole in the tests; the exit code is the number of survivors.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

# name, file below src/qa, what stands there, what is put in its place
MUTANTS = [
    (
        "lists and headings taken for labels",
        "corpus/dialogue.py",
        "if form in _RISKY and reading.supported_share < _LEAST_SUPPORTED:",
        "if False:",
    ),
    (
        "one exchange makes a conversation",
        "corpus/dialogue.py",
        '    "colon": 2,',
        '    "colon": 1,',
    ),
    (
        "doubted labels name their speakers",
        "corpus/dialogue.py",
        "found.append(Found(label, is_label=is_label))",
        "found.append(Found(label))",
    ),
    (
        "doubted labels do not end a turn",
        "corpus/dialogue.py",
        "if is_label or _may_be_label(reading, i, form):",
        "if is_label:",
    ),
    (
        "names in capitals that look like labels end no turn",
        "corpus/doubts.py",
        "if found and _is_head(head, form):",
        "if found and not head:",
    ),
    (
        "sentences speak among names in capitals",
        "corpus/dialogue.py",
        "if reading and _is_in_capitals(reading):",
        "if reading and not text:",
    ),
    (
        "entries of lists speak",
        "corpus/dialogue.py",
        "return [label for label in known if label.name.key in told | alone]",
        "return list(known)",
    ),
    (
        "turns between those of several others tell nothing",
        "corpus/roles.py",
        "_IS_HUB = 4.5",
        "_IS_HUB = 0.0",
    ),
    (
        "a bullet begins a turn",
        "corpus/labels.py",
        'and lead and lead["bullet"]:',
        "and False:",
    ),
    (
        "whoever ends in questions answers",
        "corpus/roles.py",
        "_ENDS_IN_QUESTIONS = -3.0",
        "_ENDS_IN_QUESTIONS = 3.0",
    ),
    (
        "speaking after questions is no evidence",
        "corpus/roles.py",
        "_SPEAKS_AFTER_QUESTIONS = 2.5",
        "_SPEAKS_AFTER_QUESTIONS = 0.0",
    ),
    (
        "headings are the last speaker's words",
        "corpus/headings.py",
        "while len(blocks) > 1 and _is_heading(",
        "while False and _is_heading(",
    ),
    (
        "an editor's words are the last speaker's",
        "corpus/logs.py",
        "            if is_telling or (",
        "            if False and (",
    ),
    (
        "fields of a form are labels",
        "corpus/names.py",
        "if is_strong is None or is_field(bare) or opens_a_sentence(bare):",
        "if is_strong is None or opens_a_sentence(bare):",
    ),
    (
        "questions without labels are not found",
        "corpus/faq.py",
        "_LEAST_QUESTIONS = 2",
        "_LEAST_QUESTIONS = 9",
    ),
    (
        "passage offsets shifted by one",
        "index/passages.py",
        "yield Span(start + lead, start + lead + len(body))",
        "yield Span(start + lead + 1, start + lead + 1 + len(body))",
    ),
    ("least likely quote", "answer/quote.py", "return max(_stretches", "return min(_stretches"),
    ("least told quote", "answer/quote.py", "best = max(told", "best = min(told"),
    (
        "tie order reversed in the vector search",
        "index/vectors.py",
        "np.lexsort((rows, -cosines))[:wanted]",
        "np.lexsort((-rows, -cosines))[:wanted]",
    ),
    (
        "hash check of files skipped",
        "index/snapshot.py",
        'if sha256 != expected["sha256"]:',
        "if False:",
    ),
    (
        "hash check of the manifest skipped",
        "index/snapshot.py",
        "if actual != folder.name:",
        "if False:",
    ),
    (
        "word search dropped",
        "answer/retrieve.py",
        "np.concatenate([worded, *self._alike(asked.vector, visible)])",
        "np.concatenate([worded[:0], *self._alike(asked.vector, visible)])",
    ),
    (
        "published before it is whole",
        "index/snapshot.py",
        "        _make_live(index, digest, engine)\n    kept",
        "        _make_live(index, digest, engine)\n    (target / _MANIFEST).unlink()\n    kept",
    ),
    (
        "hand corrections overwritten",
        "corpus/ingest.py",
        "if existing.is_corrected and not overwrite:",
        "if False:",
    ),
    (
        "a measure over answered questions only",
        "evaluation/metrics.py",
        'if a.question.kind == "answerable"]\n    quoted',
        'if a.question.kind == "answerable" and a.answer.is_answered]\n    quoted',
    ),
    (
        "questions that find nothing dropped from the mean",
        "evaluation/measure.py",
        "iter_calc(wanted, qrels, scored)",
        "iter_calc(wanted, {q: r for q, r in qrels.items() if run.get(q)}, scored)",
    ),
    ("ranks off by one", "evaluation/run.py", "enumerate(hits, 1)", "enumerate(hits, 0)"),
    (
        "gold quotes matched in the wrong document",
        "evaluation/run.py",
        "if hit.document == quote.document\n            and ",
        "if ",
    ),
    (
        "marked sentences matched in the wrong document",
        "evaluation/run.py",
        "quote.document == hits[0].document\n            and ",
        "",
    ),
    (
        "intervals over the wrong axis",
        "evaluation/measure.py",
        "dtype=float),), np.mean, RESAMPLES",
        "dtype=float),), lambda x, axis: np.mean(x, axis=0), RESAMPLES",
    ),
    ("half of the quote not needed", "evaluation/measure.py", "2 * sum(", "20 * sum("),
    ("ties not lowered", "evaluation/measure.py", "if value >= bound:", "if False:"),
    (
        "ties count as won in the area",
        "evaluation/measure.py",
        "rankdata(np.concatenate([positive, negative], axis=axis), axis=axis)",
        'rankdata(np.concatenate([positive, negative], axis=axis), "max", axis=axis)',
    ),
    (
        "hidden passages still found",
        "answer/retrieve.py",
        "return rows if visible is None else rows[visible.rows[rows]]",
        "return rows",
    ),
    (
        "a gate turned round",
        "evaluation/gates.py",
        "value < gate.limit if gate.is_ceiling",
        "value > gate.limit if gate.is_ceiling",
    ),
    (
        "worse called better",
        "evaluation/comparison.py",
        "(difference.difference > 0) == (",
        "(difference.difference > 0) != (",
    ),
    (
        "a half-written row kept",
        "evaluation/batches.py",
        "self._output.truncate(end)",
        "self._output.truncate()",
    ),
    (
        "formulas left alive",
        "evaluation/batches.py",
        "if is_formula else cell",
        "if False else cell",
    ),
    ("answers not escaped", "web/render.py", "autoescape=True", "autoescape=False"),
    ("marks shifted by one", "web/render.py", "q.start - offset,", "q.start - offset + 1,"),
    (
        "similarity inverted",
        "answer/evidence.py",
        "passage_vectors.cosines(vector, rows)",
        "passage_vectors.cosines(-vector, rows)",
    ),
    (
        "sentence similarity inverted",
        "answer/evidence.py",
        "sentence_vectors.cosines(vector, index)",
        "sentence_vectors.cosines(-vector, index)",
    ),
    (
        "pairs reach into the next passage",
        "answer/evidence.py",
        "is_inside[firsts[1:] - 1] = False",
        "pass",
    ),
    (
        "worst hit first",
        "answer/relevance.py",
        "np.lexsort((rows, -scored))",
        "np.lexsort((rows, scored))",
    ),
    (
        "tie order reversed among hits",
        "answer/relevance.py",
        "np.lexsort((rows, -scored))",
        "np.lexsort((-rows, -scored))",
    ),
    (
        "oldest of near-ties first",
        "answer/relevance.py",
        "return -int(snapshot.documents.dates",
        "return int(snapshot.documents.dates",
    ),
    (
        "sentence offsets shifted by one",
        "index/passages.py",
        "yield Span(start + spoken + sentence.start, start + spoken + sentence.end)",
        "yield Span(start + spoken + sentence.start, start + spoken + sentence.end + 1)",
    ),
    (
        "quote taken from another passage",
        "answer/ask.py",
        "quotes(snapshot, hit.row, passage, found.asked, found.told(hit.row))",
        "quotes(snapshot, hit.row - 1, passage, found.asked, found.told(hit.row))",
    ),
    ("passage search dropped", "answer/retrieve.py", 'if "passages" in self._on:', "if False:"),
    ("sentence search dropped", "answer/retrieve.py", 'if "sentences" in self._on:', "if False:"),
    (
        "questions cited as answers",
        "answer/retrieve.py",
        "is_question = snapshot.passages.is_question[found]",
        "is_question = np.zeros(len(found), dtype=bool)",
    ),
    (
        "unknown languages vote",
        "answer/retrieve.py",
        "yield found[self._weigher.is_voting(found)]\n        if",
        "yield found\n        if",
    ),
    (
        "unknown languages are embedded",
        "index/build.py",
        "yield passage.text if known[passage.document] else None",
        "yield passage.text",
    ),
    (
        "everything answered",
        "answer/ask.py",
        "is_answered = found is not None and found.is_answered",
        "is_answered = found is not None",
    ),
    (
        "floor left open",
        "answer/relevance.py",
        "is_answer = confidences >= np.where",
        "is_answer = confidences > np.where",
    ),
    ("vectors not reused", "index/build.py", "return text in self._rows", "return False"),
    (
        "neighbours of another document",
        "answer/evidence.py",
        "self._documents[other] == self._documents[rows]",
        "self._documents[other] >= 0",
    ),
    ("names missing counted as held", "answer/evidence.py", "@ ~near", "@ near"),
    ("hidden passages hold words", "answer/evidence.py", "holds &= visible.rows[every]", "pass"),
    (
        "time asked for ignored",
        "answer/evidence.py",
        "nearness = np.where(days <= 0, 1.0,",
        "nearness = np.where(days <= 0, 0.0,",
    ),
    (
        "oldest is the latest",
        "answer/evidence.py",
        "self._newness[documents] * asked.wants_latest",
        "-self._newness[documents] * asked.wants_latest",
    ),
    (
        "follow-up forgets the document",
        "answer/follow_up.py",
        "document[inside] += share",
        "document[inside] += 0",
    ),
    (
        "new subject dragged back",
        "answer/ask.py",
        "if found.is_answered:\n                return found",
        "if False:\n                return found",
    ),
    (
        "earlier statement told as later",
        "answer/cite.py",
        "if date(other) > date(hit) and",
        "if date(other) < date(hit) and",
    ),
    (
        "related questions answered already",
        "answer/related.py",
        "if text not in answered:",
        "if True:",
    ),
    (
        "last year is this year",
        "answer/dates.py",
        "year = today.year if is_now else today.year - 1",
        "year = today.year",
    ),
    (
        "a text cited twice",
        "answer/relevance.py",
        "if all(passage.text != other.text for _, other in chosen):",
        "if True:",
    ),
    (
        "reader's order reversed",
        "answer/cascade.py",
        'weights["leads"] * leads',
        '-weights["leads"] * leads',
    ),
    (
        "a cross-encoder's order reversed",
        "answer/cascade.py",
        "key=lambda one: -one.reading.leads",
        "key=lambda one: one.reading.leads",
    ),
    (
        "the reader's doubt not heard",
        "answer/cascade.py",
        "is_answer=confidence >= floor)",
        "is_answer=one.hit.is_answer)",
    ),
    (
        "texts in unknown languages read",
        "answer/cascade.py",
        "if not hits or not all(is_known(language, reader.languages) for language in written):",
        "if not hits:",
    ),
    ("few passages read", "answer/cascade.py", "if is_few(len(hits)) or max", "if max"),
    ("two questions joined read", "answer/ask.py", "or found.leans:", "or False:"),
    (
        "hits far behind read too",
        "answer/cascade.py",
        "if hit.score >= hits[0].score - most",
        "if hit.score >= hits[0].score - 99 * most",
    ),
    (
        "any bundled reader loaded",
        "answer/reader.py",
        "if sha256 != _BUNDLED_SHA256:",
        "if False:",
    ),
    (
        "tokens of the context taken for the text",
        "answer/reader.py",
        "begin + start) & (places[:, 1] <= begin + end)",
        "start) & (places[:, 1] <= end)",
    ),
    (
        "a window that grows too long",
        "answer/window.py",
        "- sentences[first - 1].start <= WINDOW_CHARS",
        "- sentences[first - 1].start <= 2 * WINDOW_CHARS",
    ),
    (
        "recall never reached",
        "index/vectors.py",
        "while recall() < _RECALL and lists.nprobe < lists.nlist:",
        "while False:",
    ),
    (
        "what lists put forward not scored anew",
        "index/vectors.py",
        "return self.cosines(vector, rows), rows",
        "return np.zeros(len(rows), np.float32), rows",
    ),
    (
        "few lists for few visible rows",
        "index/vectors.py",
        "return min(of, math.ceil(lists / share))",
        "return lists",
    ),
    (
        "cosines of candidates out of order",
        "index/vectors.py",
        "cosines[places] = found",
        "cosines[:] = found",
    ),
    (
        "sentences paired with the one before",
        "index/snapshot.py",
        "rows[:-1], rows[1:]",
        "rows[:-1], rows[:-1]",
    ),
    (
        "answers and questions changed about",
        "index/snapshot.py",
        "pairs[::-1, np.lexsort(pairs)]",
        "pairs[:, np.lexsort(pairs)]",
    ),
    (
        "passage of the wrong document",
        "index/store.py",
        "table[number] = (file.tell(), rows[number], date,",
        "table[number] = (file.tell(), rows[number - 1], date,",
    ),
    (
        "words found one row on",
        "index/lexical.py",
        "return holding[places] == rows, place.start + places",
        "return holding[places] == rows + 1, place.start + places",
    ),
    (
        "answers of another day kept",
        "answer/ask.py",
        "since, until, section, top_k or self.top_k, day\n",
        "since, until, section, top_k or self.top_k, None\n",
    ),
    (
        "half of the distance to the next sentence",
        "answer/evidence.py",
        "2 + 2 * with_next[:-1]",
        "2 + with_next[:-1]",
    ),
    ("API forgets what was asked before", "web/api.py", "previous=asked.previous,", "previous=(),"),
    (
        "an unknown widget is answered",
        "web/api.py",
        "asked.widget not in VERSIONS",
        "asked.widget in ()",
    ),
    ("a document is always told anew", "web/api.py", 'tag in named or "*" in named', "False"),
    (
        "a batch costs one question",
        "web/api.py",
        'request.scope["qa.key"], number)',
        'request.scope["qa.key"], 1)',
    ),
    ("every route is open", "web/guard.py", "if route is None:", "if False:"),
    ("any host is answered", "web/guard.py", "if self._hosts is not None and", "if False and"),
    ("bodies of any length", "web/guard.py", "if len(body) > most:", "if False:"),
    (
        "a body one byte too long",
        "web/guard.py",
        "if len(body) > most:",
        "if len(body) > most + 1:",
    ),
    (
        "questions without limit",
        "web/guard.py",
        'wait_s is None and route.kind == "question"',
        "False",
    ),
    ("requests without limit", "web/guard.py", "await self._limits.request(address)", "None"),
    ("batches without a key", "web/guard.py", "and key is None", "and False"),
    ("metrics for everybody", "web/guard.py", 'route.name == "/metrics" and', "False and"),
    (
        "what fails is told",
        "web/problems.py",
        'f"The server failed; its log says why, under {request_id}."',
        "traceback.format_exc()",
    ),
    (
        "a proxy's claims are believed",
        "web/guard.py",
        "if k not in _FORWARDED",
        "if True",
    ),
    ("any page may frame", "web/guard.py", "; {self._framing}", ""),
    (
        "refusals cannot be read by the page",
        "web/guard.py",
        "self._shared if route is not None and route.is_shared else self._app",
        "self._app",
    ),
    ("connections never end", "web/guard.py", "            self._open -= 1\n", ""),
    ("a client's connections never end", "web/limits.py", "self._open[client] -= 1", "pass"),
    ("any key opens", "web/limits.py", "return found if any(", "return found if True or any("),
    ("IPv6 addresses are clients", "web/limits.py", "_IPV6_PREFIX = 64", "_IPV6_PREFIX = 128"),
    ("anything waits", "web/live.py", "return self._unanswered >= self._most", "return False"),
    ("waiting is never over", "web/live.py", "self._count(-1)", "self._count(0)"),
    (
        "a damaged snapshot is tried for ever",
        "web/live.py",
        "self._seen if is_still_live else None",
        "None",
    ),
    (
        "snapshots of before stay in the metrics",
        "web/metrics.py",
        "self._snapshot.clear()",
        "pass",
    ),
    (
        "a QA refers to itself",
        "answer/ask.py",
        "partial(QA._answer, weakref.proxy(self))",
        "self._answer",
    ),
    ("inline scripts are not named", "web/policy.py", "_INLINE.findall(page)", "()"),
    ("links forget the path", "web/render.py", '"root": settings.root_path', '"root": ""'),
    ("the widget is altered", "web/static/widgets/1.js", "const KEPT = 20", "const KEPT = 21"),
    ("traditional is simplified", "web/wording.py", '"zh-Hant" if', '"zh-Hans" if'),
    ("the section is not looked at", "answer/ask.py", "if section:\n", "if False:\n"),
    (
        "other sections than the one asked for",
        "answer/ask.py",
        "wanted &= documents.section_numbers == number",
        "wanted &= documents.section_numbers != number",
    ),
    (
        "passages found out of order",
        "web/reading.py",
        "next=step(places[at + 1], places)",
        "next=step(places[at - 1], places)",
    ),
    (
        "an earlier statement is a later one",
        "web/reading.py",
        "one.date > other.date",
        "one.date < other.date",
    ),
    ("limits are forgotten in links", "web/only.py", 'f"&{urlencode(self._set)}"', '""'),
    (
        "limits are not asked",
        "web/pages.py",
        'request=request.scope["qa.request"], **only.asked',
        'request=request.scope["qa.request"]',
    ),
    (
        "the quote begins too late",
        "web/render.py",
        "return Span(min(",
        "return Span(1 + min(",
    ),
    (
        "programs get pages",
        "web/pages.py",
        '"text/html" not in headers.get("accept", "")',
        "False",
    ),
    ("private addresses are asked", "corpus/addresses.py", "not is_public(plain)", "False"),
    (
        "the first address alone is checked",
        "corpus/addresses.py",
        "for address in addresses:\n            plain",
        "for address in addresses[:1]:\n            plain",
    ),
    (
        "a name is resolved once more to connect",
        "corpus/addresses.py",
        "address, port, self.left(timeout)",
        "host, port, self.left(timeout)",
    ),
    ("NAT64 hides an address", "corpus/addresses.py", "and address in _NAT64", "and False"),
    ("numbers are hosts", "corpus/addresses.py", "and not _is_plain_ipv4(host)", "and False"),
    ("passwords in addresses", "corpus/addresses.py", "if parsed.userinfo:", "if False:"),
    (
        "requests have no end",
        "corpus/addresses.py",
        "return left if timeout is None else min(left, timeout)",
        "return timeout or 60.0",
    ),
    ("robots.txt is ignored", "corpus/fetch.py", "if not rules.can_fetch(", "if False and ("),
    ("Crawl-delay is ignored", "corpus/fetch.py", "stated or 0.0", "0.0"),
    ("Retry-After is ignored", "corpus/fetch.py", "busy.wait_s = wait_s", "pass"),
    ("redirects have no end", "corpus/fetch.py", "if str(place) in been:", "if False:"),
    ("bombs are unpacked", "corpus/fetch.py", "decompress(data, limit + 1)", "decompress(data)"),
    ("a server in trouble is gone", "corpus/fetch.py", "_GONE = (404, 410)", "_GONE = (404, 403)"),
    ("links lead anywhere", "corpus/crawl.py", "and may_go_to(_host(link.url))", ""),
    (
        "an empty listing is fine",
        "corpus/crawl.py",
        "if not seen and not troubled:",
        "if False:",
    ),
    (
        "what is missing is gone, the folder too",
        "corpus/update.py",
        "if missing and not found:",
        "if False:",
    ),
    (
        "pages of a listing in trouble are asked for",
        "corpus/update.py",
        "httpx.URL(url).host in run.troubled_hosts or",
        "",
    ),
    (
        "the front page is every page",
        "corpus/update.py",
        "if seen.final == received.source:",
        "if True:",
    ),
    (
        "withdrawn though it is published elsewhere",
        "corpus/update.py",
        "    if alive:\n",
        "    if False:\n",
    ),
    (
        "a person's mark is taken away",
        "corpus/ingest.py",
        "existing.document.withdrawn and seen and seen.is_gone",
        "existing.document.withdrawn",
    ),
    (
        "two days are one",
        "corpus/ingest.py",
        "if date is None or filed.date in (None, date):",
        "if True:",
    ),
    (
        "duplicates without figures",
        "corpus/duplicates.py",
        "_WORD.findall(unicodedata",
        "re.findall(r'[^\\W\\d]+', unicodedata",
    ),
    (
        "a page with a figure is furniture",
        "corpus/duplicates.py",
        "or any(map(str.isnumeric, paragraph))",
        "",
    ),
    (
        "a withdrawn document is an answer",
        "index/build.py",
        "if file.document.withdrawn is None)",
        "if True)",
    ),
    (
        "stopped writes leave a file",
        "corpus/folder.py",
        "        unfinished.unlink(missing_ok=True)\n",
        "",
    ),
    (
        "scores of the next word",
        "index/lexical.py",
        "scores[is_held] += self._scores[places[is_held]]",
        "scores[is_held] += self._scores[places[is_held] - 1]",
    ),
    (
        "of equal words, the last",
        "index/lexical.py",
        "rows[np.lexsort((rows, -scores))[:k]]",
        "rows[np.lexsort((-rows, -scores))[:k]]",
    ),
    ("Milvus finds what is hidden", "index/milvus.py", "if visible.hidden:", "if False:"),
    (
        "Milvus finds what has no date in a period",
        "index/milvus.py",
        'terms.append("date > 0")',
        "pass",
    ),
    ("Milvus may find too few", "index/milvus.py", "if len(hits) < least:", "if False:"),
    (
        "Milvus may hold too few when it is opened",
        "index/milvus.py",
        "            if found != count:\n                raise SnapshotError",
        "            if False:\n                raise SnapshotError",
    ),
    (
        "Milvus may hold too few when it is ready",
        "index/milvus.py",
        "            if found != count:\n                raise UnavailableError",
        "            if False:\n                raise UnavailableError",
    ),
    (
        "collections half sent are whole",
        "index/milvus.py",
        "return _counted(client, timeout, collection) == len(rows)",
        "return True",
    ),
    (
        "collections that are live are dropped",
        "index/milvus.py",
        "if match and match[1] not in digests:",
        "if match:",
    ),
    (
        "old collections stay",
        "index/milvus.py",
        "if match and match[1] not in digests:",
        "if False:",
    ),
    (
        "a Milvus that comes back is not loaded again",
        "index/milvus.py",
        "if error.code != _NOT_LOADED or collection is None:",
        "if True:",
    ),
    (
        "what Milvus found is not scored anew",
        "index/milvus.py",
        "return self.cosines(vector, rows), rows",
        "return np.linspace(1, 0, len(rows)), rows",
    ),
    (
        "words that Milvus found are not scored anew",
        "index/milvus.py",
        "return rows, self.scores(stems, rows)",
        "return rows, np.linspace(1, 0, len(rows))",
    ),
    (
        "no certificate of its own",
        "index/milvus.py",
        "        if certificate:",
        "        if False:",
    ),
    ("no token", "index/milvus.py", "if token else {}", "if False else {}"),
    (
        "Milvus is told another section",
        "index/rows.py",
        "sections[numbers])",
        "sections[numbers - 1])",
    ),
    (
        "Milvus is told another passage",
        "index/rows.py",
        "self._passages.of_sentences(self._questions[rows])",
        "self._passages.of_sentences(rows)",
    ),
    (
        "shards that are not whole are taken",
        "index/workers.py",
        "if hashlib.sha256(data).digest() != sha256:",
        "if False:",
    ),
    (
        "workers may give other vectors",
        "index/workers.py",
        "if found != expected:",
        "if False:",
    ),
    (
        "vectors in the place of the shard before",
        "index/workers.py",
        "vectors[shard.start : shard.start + shard.texts] = found",
        "vectors[: shard.texts] = found",
    ),
    (
        "a killed worker is not replaced",
        "index/workers.py",
        "max_restarts=_RESTARTS",
        "max_restarts=0",
    ),
    (
        "finished shards are done again",
        "index/workers.py",
        "            if kept is None:",
        "            if True:",
    ),
    (
        "servers count alone",
        "web/limits.py",
        "if self._shared and self._shared.is_due():",
        "if False:",
    ),
    (
        "a Redis that is back is not used",
        "web/limits.py",
        "            self._is_away = False\n            self._not_before = 0.0",
        "            self._not_before = float('inf')",
    ),
    (
        "records share their limits",
        "web/limits.py",
        'key_prefix=f"press-qa:{record}",',
        'key_prefix="press-qa",',
    ),
]

FAST = ["-m", "not slow", "--ignore=tests/test_readme.py", "--ignore=tests/test_mutants.py"]
# What the fast tests leave out, and who tries it before them.
TRIED_BY = {
    "index/milvus.py": ["tests/test_milvus.py"],
    "index/rows.py": ["tests/test_milvus.py"],
    "index/workers.py": ["tests/test_workers.py"],
    "web/limits.py": ["tests/test_limits.py", "tests/test_several_servers.py"],
}


def survives(file, before, after):
    """Whether the tests pass with the fault in place."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".venv", ".git", "index", ".*_cache")
        )
        (copy / "index").mkdir()
        shutil.copytree(ROOT / "src" / "qa" / "index", copy / "src" / "qa" / "index")
        path = copy / "src" / "qa" / file
        text = path.read_text("utf-8")
        if text.count(before) != 1:
            sys.exit(f"{file} has {before!r} {text.count(before)} times, should have it once.")
        path.write_text(text.replace(before, after), "utf-8")
        tried_by = TRIED_BY.get(file)
        return (tried_by is None or passes(copy, tried_by)) and passes(copy, FAST)


def passes(copy, tests):
    """Whether some tests of a copy pass."""
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy / "src")}
    done = subprocess.run(
        run, cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1, 2):
        sys.exit(done.stdout + done.stderr)
    return done.returncode == 0


def main():
    """Plant the faults in files named on the command line (all), and say who survives."""
    chosen = [m for m in MUTANTS if m[1].startswith(tuple(sys.argv[1:]) or "")]
    survivors = 0
    for name, *fault in chosen:
        alive = survives(*fault)
        survivors += alive
        sys.stdout.write(f"{'SURVIVES' if alive else 'dies':9} {name}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} faults, {survivors} survivors\n")
    sys.exit(survivors)


if __name__ == "__main__":
    main()

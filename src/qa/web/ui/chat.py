"""The Gradio chat; the only user of gradio."""

from __future__ import annotations

import json
import os
from datetime import date
from importlib import resources
from typing import Any

import numpy as np
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import Mount

from qa.errors import SettingsError
from qa.index.snapshot import Snapshot
from qa.records import Question, to_json
from qa.settings import Settings
from qa.web.server.live import Live
from qa.web.server.payloads import check_functions
from qa.web.server.pending import Pending
from qa.web.server.policy import InlineScripts
from qa.web.ui.events import Conversation, event_routes
from qa.web.ui.render import Pages
from qa.web.wording import DEFAULT_LANGUAGE, Wording

__all__ = ["example_questions", "mount_chat"]

_EXAMPLES = 4
_EXAMPLE_CHARS = 160
# The name under which a browser keeps a conversation. Gradio encrypts it with a secret that the
# page discloses: it hides nothing, and is constant so that a restart loses nothing.
_STORAGE_KEY = "qa-conversation"

# Gradio's page draws with inline styles and embeds pictures as data.
_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'self'; "
    "form-action 'none'"
)
# Of an event: how many are answered at a time is for ``live`` to decide.
_QUIET = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}


def mount_chat(
    app: FastAPI, live: Live, settings: Settings, say: Wording, pending: Pending
) -> None:
    """Add the chat in one language at ``/LANGUAGE/``; it calls no other server.

    Gradio draws the page. Its events go to ``events.py``, their results to ``pending``.
    """
    gradio = _gradio()
    pages = Pages(say, settings)
    conversation = Conversation(live, pages, say)
    is_mcp = settings.mcp and say.language == DEFAULT_LANGUAGE
    blocks = _page(live, settings, pages, conversation, is_mcp=is_mcp)
    blocks.queue(api_open=False)
    # The queue is not used, and would poll a thousand times a second.
    blocks._queue.start = lambda: None  # noqa: SLF001
    path = f"/{say.language}"
    app.include_router(event_routes(conversation, pending), prefix=path)
    static = resources.files("qa.web") / "static"
    styles = [(static / name).read_text("utf-8") for name in ("answer.css", "chat.css")]
    styles.append(f":root {{ --qa-accent: {settings.accent}; }}")
    gradio.mount_gradio_app(
        app,
        blocks,
        path=path,
        # The visitor's own fonts: Gradio would fetch its theme's from another server.
        theme=gradio.themes.Default(
            primary_hue="blue",
            neutral_hue="slate",
            font=["system-ui", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        css="\n".join(styles),
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        mcp_server=is_mcp,
        max_file_size=0,
    )
    if is_mcp and not blocks.mcp_server_obj:
        raise SettingsError(
            "Assistants cannot be served (mcp = true): the package mcp is missing. "
            "Install press-qa[mcp], or set mcp = false."
        )
    mounted: Any = next(r for r in app.routes if isinstance(r, Mount) and r.path == path).app
    # Innermost, before the page is compressed.
    head = pages.render("head.html")
    mounted.user_middleware.append(Middleware(InlineScripts, policy=_POLICY, head=head))


def _gradio() -> Any:
    """Import Gradio without analytics and telemetry; it takes seconds, so only for the chat."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import gradio  # noqa: PLC0415 - takes seconds, and must see the variables above

    return gradio


def _page(
    live: Live, settings: Settings, pages: Pages, conversation: Conversation, *, is_mcp: bool
) -> Any:
    """Return the chat's page as Gradio's blocks, with the tool of MCP on request."""
    gr, say = _gradio(), pages.say
    examples = settings.examples
    if examples is None:
        examples = tuple(example_questions(live.snapshot))
    with gr.Blocks(title=settings.title, analytics_enabled=False) as blocks:
        # Not gr.HTML, which is a template that the page would have to evaluate.
        gr.Markdown(pages.render("top.html"), elem_id="qa-top", sanitize_html=False)
        # The server keeps no conversation; the browser does if the visitor wants it.
        kept = gr.BrowserState([], storage_key=_STORAGE_KEY, secret=_STORAGE_KEY)
        chat = gr.Chatbot(
            value=conversation.welcome,
            label=say("chat.label"),
            show_label=False,
            elem_id="qa-chat",
            autoscroll=False,
            latex_delimiters=[],
            reasoning_tags=[],
            buttons=[],
            feedback_options=None,
            height=None,
            min_height=100,
        )
        box, send = _question_box(say)
        filters, keep = _options(say)
        _add_events(chat, kept, (box, send), filters, keep)
        gr.Markdown(say("chat.examples"), elem_id="qa-examples-label", visible=bool(examples))
        with gr.Row(elem_id="qa-examples"):
            for text in examples:
                gr.Button(text, size="sm", elem_classes="qa-example")  # chat.js asks it
        if settings.links:
            gr.Markdown(pages.render("foot.html"), elem_id="qa-foot", sanitize_html=False)
        if is_mcp:
            tool = _mcp_tool(live, settings.address)
            gr.api(tool, api_name="ask", queue=False, concurrency_limit=None)
    return blocks


def _question_box(say: Wording) -> tuple[Any, Any]:
    """Draw the box for the question and the button beside it."""
    gr = _gradio()
    with gr.Column(elem_id="qa-ask"):
        # chat.js shows the state here.
        gr.Markdown('<p id="qa-state" role="status"></p>', sanitize_html=False)
        with gr.Row(elem_id="qa-box"):
            box = gr.Textbox(
                label=say("chat.input"),
                placeholder=say("chat.placeholder"),
                elem_id="qa-question",
                autofocus=True,
                lines=1,
                max_lines=4,
                scale=1,
            )
            send = gr.Button(say("chat.send"), variant="primary", elem_id="qa-send", scale=0)
    return box, send


def _options(say: Wording) -> tuple[list[Any], Any]:
    """Draw the fields of the filters, and the choice to keep the conversation."""
    gr = _gradio()
    with gr.Accordion(say("chat.options"), open=False, elem_id="qa-options"), gr.Row():
        # chat.js makes them fields of dates and a list of sections.
        filters = [
            gr.Textbox(
                "",
                label=say("only." + name + ".label"),
                placeholder=say("only.section.any"),
                elem_id=f"qa-{name}",
                max_lines=1,
            )
            for name in ("since", "until", "section")
        ]
    keep = gr.Checkbox(label=say("widget.keep"), elem_id="qa-keep")
    return filters, keep


def _add_events(chat: Any, kept: Any, ask: tuple[Any, Any], filters: list[Any], keep: Any) -> None:
    """Connect the components in the order of the schemas in ``payloads.py``.

    chat.js lets the next question go when the answer is shown; Gradio may still be finishing the
    event, and would drop the question but for ``always_last``.
    """
    gr = _gradio()
    box, send = ask
    events = [
        gr.on(
            [box.submit, send.click],
            _run_elsewhere,
            inputs=[box, chat, keep, *filters],
            outputs=[box, chat, kept],
            trigger_mode="always_last",
            **_QUIET,
        ),
        keep.input(_run_elsewhere, [keep, chat], kept, **_QUIET),
        chat.clear(_run_elsewhere, None, [chat, kept], **_QUIET),
    ]
    # chat.js presses it if something was kept.
    restore = gr.Button(visible="hidden", elem_id="qa-restore")
    events.append(restore.click(_run_elsewhere, kept, [chat, keep], **_QUIET))
    check_functions([event["id"] for event in events])


async def _run_elsewhere(*_: Any) -> None:
    """Stand in for the functions of ``events.py``: Gradio needs one to draw, and never calls it."""
    raise NotImplementedError


def example_questions(snapshot: Snapshot) -> list[str]:
    """Return questions of the press conferences, verbatim, the newest first."""
    documents, passages = snapshot.documents, snapshot.passages
    examples: dict[str, None] = {}
    for number in np.argsort(-documents.dates, kind="stable").tolist():
        rows = documents.rows(documents.ids[number])
        for row in [r for r in rows if passages.is_question[r]]:
            for sentence in passages[row].sentence_texts:
                closing = sentence.rfind("?") + 1 or sentence.rfind("？") + 1
                if 0 < closing <= _EXAMPLE_CHARS:
                    examples[sentence[:closing]] = None
            if len(examples) >= _EXAMPLES:
                return list(examples)[:_EXAMPLES]
    return list(examples)


def _mcp_tool(live: Live, address: str) -> Any:
    async def ask(question: str, since: str = "", until: str = "") -> str:
        """Look a question up in the public record.

        Returns JSON: exact passages of the record, each with its citation (document, date,
        speaker, offsets, link), or status "not_in_record" with the nearest passages, which may
        not answer the question. Quote the passages as they are and cite them.

        Args:
            question: The question, in full.
            since: Only documents of this date or later, YYYY-MM-DD; empty for any.
            until: Only documents of this date or earlier, YYYY-MM-DD; empty for any.
        """
        first, last = (date.fromisoformat(day) if day else None for day in (since, until))
        answer = to_json(await live.ask(Question(question, since=first, until=last)))
        for citation in (*answer["citations"], *answer["nearest"]):
            citation["links"]["reader"] = address + citation["links"]["reader"]
        return json.dumps(answer, ensure_ascii=False)

    return ask

/* Questions to a public record, answered in its own words: <press-qa>, version 1.
 *
 * Needs no other file and calls only the server it came from. Keeps nothing on the visitor's
 * device unless the visitor says so. Once published this file never changes, since pages pin its
 * hash; what is new becomes version 2.
 *
 * Attributes: language (en, zh-Hans, zh-Hant), heading, questions ("one|another"), mode (button,
 * inline), position (right, left), accent (a colour), theme (light, dark, auto), server.
 * Methods: open(), close(), ask(question), clear(). Property: conversation.
 * Events: press-qa-open, press-qa-close, press-qa-answer, press-qa-error.
 */
(() => {
  "use strict";
  const VERSION = 1;
  const ORIGIN = document.currentScript ? new URL(".", document.currentScript.src).href : "";
  const PREVIOUS = 5;
  const KEPT = 20;
  const LONG_ASKED = 200;
  const SLOW_MS = 4000;
  const LONGEST_MS = 30000;
  const SMALL = "(max-width: 30em), (max-height: 30em)";

  // Browsers too old for this keep showing the link inside the element.
  const isAble = window.customElements && "adoptedStyleSheets" in Document.prototype && window.HTMLDialogElement;
  if (!isAble || customElements.get("press-qa")) return;

  const STYLE = new CSSStyleSheet();
  STYLE.replaceSync(`
    :host { all: initial !important; display: block !important; direction: ltr !important;
      font: medium/1.55 system-ui, sans-serif !important;
      --ink: #1c1917 !important; --soft: #57534e !important; --paper: #fff !important; --line: #78716c !important; --link: #1d4ed8 !important;
      --mark: #fde68a !important; --mark-ink: #1c1917 !important; --accent: #1d4ed8 !important; --on-accent: #fff !important; }
    :host([data-dark]) { --ink: #f5f5f4 !important; --soft: #d6d3d1 !important; --paper: #1c1917 !important; --line: #a8a29e !important; --link: #93c5fd !important; color-scheme: dark !important; }
    :host(:not([mode="inline"])) { position: fixed !important; z-index: 2147483000 !important;
      inset-block-end: 1em !important; inset-inline-end: 1em !important; }
    :host([position="left"]:not([mode="inline"])) { inset-inline: 1em auto !important; }
    *, *::before { box-sizing: border-box; }
    [hidden] { display: none !important; }
    button, textarea { font: inherit; color: inherit; }
    button { min-height: 2.75em; padding: 0.4em 1em; border: 1px solid var(--line); border-radius: 0.5em;
      background: var(--paper); color: var(--ink); cursor: pointer; text-align: start; }
    .main { background: var(--accent); color: var(--on-accent); border-color: transparent; font-weight: 600; }
    .launch { border-radius: 1.5em; padding-inline: 1.3em; }
    :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
    .main:focus-visible { outline-color: var(--ink); }
    a { color: var(--link); display: inline-block; min-height: 24px; }
    dialog { position: fixed; inset: auto 1em 1em auto; margin: 0; padding: 0; }
    :host([position="left"]) dialog { inset: auto auto 1em 1em; }
    dialog, .inline { width: min(28em, calc(100vw - 2em)); height: min(40em, calc(100vh - 2em)); max-width: none;
      max-height: none; border: 1px solid var(--line); border-radius: 0.75em; overflow: hidden;
      background: var(--paper); color: var(--ink); }
    .inline { width: 100%; height: auto; }
    .inline .log { max-height: 32em; }
    .panel { display: flex; flex-direction: column; height: 100%; }
    header { display: flex; align-items: center; justify-content: space-between; gap: 1em;
      padding: 0.5em 1em; border-block-end: 1px solid var(--line); }
    h2, h3 { margin: 0; font-size: 1.1em; line-height: 1.3; overflow-wrap: anywhere; }
    h3 { font-size: 1em; padding: 0.5em 0.8em; border-radius: 0.5em; border: 1px solid var(--line); }
    .log { flex: 1; overflow-y: auto; padding: 0.5em 1em; min-height: 8em; }
    .turn { margin-block: 0.5em 1.5em; }
    .turn > * + * { margin-block-start: 0.7em; }
    p, ul, blockquote { margin: 0.5em 0; padding: 0; overflow-wrap: anywhere; }
    ul { list-style: none; display: grid; gap: 0.4em; }
    .verdict { font-weight: 700; font-size: 1.1em; }
    .soft, .facts, .links { color: var(--soft); font-size: 0.92em; }
    .facts, .links { display: flex; flex-wrap: wrap; gap: 0 1em; overflow-wrap: anywhere; }
    cite { font-style: normal; font-weight: 600; overflow-wrap: anywhere; }
    .number { display: inline-block; min-width: 1.6em; margin-inline-end: 0.4em; border-radius: 0.8em;
      text-align: center; background: var(--accent); color: var(--on-accent); }
    blockquote { border-inline-start: 4px solid var(--accent); padding-inline-start: 0.8em; white-space: pre-line; }
    mark { background: var(--mark); color: var(--mark-ink); }
    summary { cursor: pointer; min-height: max(24px, 1.6em); }
    article { margin-block: 0.5em 1em; }
    form { padding: 0.6em 1em; border-block-start: 1px solid var(--line); }
    .row { display: flex; gap: 0.5em; align-items: end; margin-block-start: 0.3em; }
    textarea { flex: 1; min-width: 0; min-height: 2.75em; padding: 0.5em; resize: vertical; background: var(--paper);
      border: 1px solid var(--line); border-radius: 0.5em; }
    ::placeholder { color: var(--soft); opacity: 1; }
    .tools { display: flex; flex-wrap: wrap; gap: 0.3em 1em; align-items: center; justify-content: space-between;
      margin-block-start: 0.5em; font-size: 0.92em; }
    .tools label { display: flex; gap: 0.5em; align-items: center; min-height: 1.7em; }
    .tools input { width: 1.2em; height: 1.2em; accent-color: var(--link); }
    .tools button { min-height: 1.9em; padding: 0.1em 0.7em; }
    .heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    @media ${SMALL} {
      dialog { inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; }
      :host([position="left"]) dialog { inset: 0; }
    }
    @media (max-height: 30em) { .panel { display: block; overflow-y: auto; } .log { overflow: visible; } }
    @media print { :host(:not([mode="inline"])) { display: none !important; } }
    @media (forced-colors: active) { .main, .number { border: 1px solid; } }
  `);

  const make = (name, given, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(given || {})) {
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...inside.filter((part) => part !== null && part !== undefined));
    return element;
  };

  const languageOf = (tag) => {
    const [primary, ...rest] = (tag || "").toLowerCase().split(/[-_]/);
    if (primary !== "zh") return "en";
    return rest.some((part) => ["hant", "tw", "hk", "mo"].includes(part)) ? "zh-Hant" : "zh-Hans";
  };

  // A link of the record's own: the web only, never a script.
  const isWeb = (url) => /^https?:\/\//i.test(url || "");

  class PressQA extends HTMLElement {
    #say;
    #log;
    #box;
    #heard;
    #keep;
    #dialog;
    #launch;
    #record;
    #asking = null;
    #turns = [];

    /** The questions asked so far and their answers, oldest first. */
    get conversation() {
      return this.#turns.map((turn) => ({ ...turn }));
    }

    connectedCallback() {
      if (this.shadowRoot) return;
      const language = languageOf(this.getAttribute("language") || document.documentElement.lang);
      this.#say = (key, values = {}) =>
        WORDS[language][key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [STYLE];
      root.append(this.#built(language));
      this.#colour(root);
      this.#restore();
    }

    open() {
      if (!this.#dialog || this.#dialog.open) return;
      if (matchMedia(SMALL).matches) this.#dialog.showModal();
      else this.#dialog.show();
      this.#launch.setAttribute("aria-expanded", "true");
      this.#launch.hidden = true; // it would lie below the panel
      this.#box.focus();
      this.#tell("press-qa-open");
    }

    close() {
      if (this.#dialog && this.#dialog.open) this.#dialog.close();
    }

    clear() {
      if (!this.#log) return;
      this.#asking?.abort();
      this.#asking = null;
      this.#hear("");
      this.#turns = [];
      this.#store();
      this.#welcome();
    }

    /** Ask a question, as if the visitor had; resolves to the answer, or to null where there is none. */
    async ask(question) {
      const text = String(question).trim();
      if (!text || this.#asking || !this.#log) return null;
      const asking = (this.#asking = new AbortController());
      if (this.#box.value.trim() === text) this.#box.value = "";
      const turn = this.#begun(text);
      const slow = setTimeout(() => this.#asking === asking && this.#wait(turn, "widget.slow"), SLOW_MS);
      try {
        const answer = await this.#fetched(text, asking);
        if (this.#asking !== asking) return null; // cleared meanwhile
        this.#shown(turn, answer);
        this.#turns.push({ question: text, answer });
        this.#store();
        this.#tell("press-qa-answer", { question: text, answer });
        return answer;
      } catch (trouble) {
        if (this.#asking !== asking) return null;
        const words = trouble.words || this.#say("widget.unreachable");
        this.#box.value = this.#box.value || text;
        turn.lastChild.replaceWith(
          make("div", { class: "trouble" }, make("p", {}, words), this.#page(text)),
        );
        this.#reveal(turn);
        this.#hear(words);
        this.#tell("press-qa-error", { question: text, status: trouble.status || 0, detail: words });
        return null;
      } finally {
        clearTimeout(slow);
        if (this.#asking === asking) this.#asking = null;
      }
    }

    get #base() {
      return new URL(this.getAttribute("server") || ORIGIN, document.baseURI).href.replace(/\/*$/, "/");
    }

    get #before() {
      return this.#turns.filter((turn) => !turn.answer.courtesy).slice(-PREVIOUS).map((turn) => turn.question);
    }

    async #fetched(question, stop) {
      const late = setTimeout(() => stop.abort(), LONGEST_MS);
      const said = { question, previous: this.#before, language: this.lang, widget: VERSION };
      try {
        const response = await fetch(`${this.#base}api/v1/ask`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(said),
          credentials: "omit",
          referrerPolicy: "no-referrer",
          signal: stop.signal,
        });
        if (response.ok) return whole(await response.json());
        throw Object.assign(new Error(), { status: response.status, words: await this.#why(response) });
      } finally {
        clearTimeout(late);
      }
    }

    async #why(response) {
      const seconds = response.headers.get("Retry-After");
      if (response.status === 429) return this.#say("widget.wait", { seconds: seconds || 60 });
      if (response.status === 503) return this.#say("widget.busy");
      const { detail } = (await response.json().catch(() => null)) || {};
      if (response.status === 410 && detail) return detail;
      return this.#say("answer.failed", { why: detail || `HTTP ${response.status}` });
    }

    #built(language) {
      const say = this.#say;
      this.lang = language;
      const heading = this.getAttribute("heading") || say("widget.open");
      const send = make("button", { class: "main" }, say("chat.send"));
      this.#box = make("textarea", {
        id: "box", rows: 1, dir: "auto", placeholder: say("chat.placeholder"),
        onkeydown: (event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
          event.preventDefault();
          this.ask(this.#box.value);
        },
      });
      this.#keep = make("input", { type: "checkbox", onchange: () => (this.#keep.checked ? this.#store() : this.#forget()) });
      this.#log = make("div", { class: "log", role: "region", "aria-label": say("chat.label"), tabindex: 0 });
      this.#heard = make("div", { class: "heard", role: "status" });
      const isInline = this.getAttribute("mode") === "inline";
      const close = make("button", { onclick: () => this.close() }, say("widget.close"));
      const form = make(
        "form",
        { onsubmit: (event) => { event.preventDefault(); this.ask(this.#box.value); } },
        make("label", { for: "box" }, say("chat.input")),
        make("div", { class: "row" }, this.#box, send),
        make("div", { class: "tools" },
          make("label", {}, this.#keep, say("widget.keep")),
          make("button", { type: "button", onclick: () => { this.clear(); this.#box.focus(); } }, say("widget.clear"))),
      );
      const panel = make("div", { class: "panel" },
        make("header", {}, make("h2", { id: "heading" }, heading), isInline ? null : close),
        this.#log, this.#heard, form);
      if (isInline) return make("section", { class: "inline", "aria-labelledby": "heading" }, panel);
      this.#dialog = make("dialog", {
        "aria-labelledby": "heading",
        onkeydown: (event) => { if (event.key === "Escape" && !event.isComposing) { event.preventDefault(); this.close(); } },
        onclose: () => {
          this.#launch.setAttribute("aria-expanded", "false");
          this.#launch.hidden = false;
          this.#launch.focus();
          this.#tell("press-qa-close");
        },
      }, panel);
      this.#launch = make("button", {
        class: "main launch", "aria-expanded": "false", "aria-haspopup": "dialog", onclick: () => this.open(),
      }, heading);
      return make("section", { "aria-label": heading }, this.#launch, this.#dialog);
    }

    #colour(root) {
      const theme = this.getAttribute("theme");
      const isDark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
      this.toggleAttribute("data-dark", isDark);
      const accent = opaque(this.getAttribute("accent") || "");
      if (!accent) return;
      // Black or white on it, whichever is read better (WCAG 2.2, relative luminance).
      const [r, g, b] = [1, 3, 5].map((at) => {
        const channel = parseInt(accent.slice(at, at + 2), 16) / 255;
        return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
      });
      const ink = 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
      const own = new CSSStyleSheet();
      own.replaceSync(`:host { --accent: ${accent} !important; --on-accent: ${ink} !important; }`);
      root.adoptedStyleSheets = [STYLE, own];
    }

    #welcome() {
      const wanted = (this.getAttribute("questions") || "").split("|").map((q) => q.trim()).filter(Boolean);
      this.#log.replaceChildren(
        make("p", { class: "soft" }, this.#say("chat.welcome")),
        wanted.length ? this.#offered(wanted) : "",
      );
    }

    #offered(questions) {
      const items = questions.map((question) =>
        make("li", {}, make("button", { type: "button", dir: "auto", onclick: () => this.ask(question) }, question)));
      return make("ul", {}, ...items);
    }

    #begun(question) {
      // A button that asked may be about to go: the focus moves to the question it asked.
      const isInside = this.#log.contains(this.shadowRoot.activeElement);
      if (!this.#turns.length) this.#log.querySelectorAll(":scope > :not(.turn)").forEach((part) => part.remove());
      this.#log.querySelectorAll(".trouble").forEach((part) => part.parentNode.remove());
      const turn = make("div", { class: "turn" }, make("h3", { dir: "auto", tabindex: -1 }, question), make("p"));
      this.#log.append(turn);
      if (isInside) turn.firstChild.focus({ preventScroll: true });
      this.#reveal(turn);
      this.#wait(turn, "widget.searching");
      return turn;
    }

    #wait(turn, key) {
      turn.lastChild.textContent = this.#say(key);
      this.#hear(this.#say(key));
    }

    #shown(turn, answer) {
      const say = this.#say;
      const parts = [];
      const number = answer.citations.length;
      let heard = say(`widget.answered.${number === 1 ? "one" : "many"}`, { number });
      if (answer.courtesy) {
        heard = say(`courtesy.${answer.courtesy}`);
        parts.push(make("p", {}, heard));
      } else {
        if (answer.status === "not_in_record") {
          heard = say("answer.not_in_record");
          parts.push(make("p", { class: "verdict" }, heard), this.#explained(answer.nearest.length));
        }
        if (answer.searched_for && answer.searched_for !== answer.question) {
          const searched = say("answer.searched_for", { question: answer.searched_for });
          parts.push(make("p", { class: "soft", dir: "auto" }, searched));
        }
        const [first, ...more] = answer.citations;
        if (first) parts.push(this.#card(first));
        if (more.length) parts.push(this.#folded(`${say("answer.more")} (${more.length})`, more));
        if (answer.nearest.length) parts.push(this.#folded(say("answer.nearest"), answer.nearest));
        if (answer.related.length) {
          parts.push(make("p", { class: "soft" }, say("answer.related")), this.#offered(answer.related));
        }
      }
      turn.lastChild.replaceWith(make("div", {}, ...parts));
      this.#reveal(turn);
      this.#hear(heard);
    }

    // Scrolls the widget, and never the page around it.
    #reveal(turn) {
      for (const box of [this.#log, this.#log.parentNode]) {
        box.scrollTop += turn.getBoundingClientRect().top - box.getBoundingClientRect().top;
      }
    }

    #folded(label, citations) {
      return make("details", {}, make("summary", {}, label), ...citations.map((c) => this.#card(c)));
    }

    #card(citation) {
      const say = this.#say;
      const { document: source, passage, later, links } = citation;
      const time = clock(passage.time);
      const facts = [
        source.date ? this.#day(source.date) : say("answer.undated"), source.section, passage.speaker,
        passage.page && say("answer.page", { page: passage.page }),
        time && say("answer.time", { time }),
        say("answer.paragraph", { paragraph: passage.paragraph }),
      ];
      const reads = [this.#link(this.#ours(links.reader), say("answer.open"))];
      if (isWeb(links.source)) reads.push(this.#link(links.source, say("answer.source")));
      else if (source.source) reads.push(make("span", {}, say("answer.source_is", { source: source.source.split("/").pop() })));
      if (isWeb(links.recording)) {
        reads.push(this.#link(links.recording, time ? say("answer.recording.at", { time }) : say("answer.recording")));
      }
      return make("article", { "aria-label": say("answer.citation", { number: citation.number }) },
        make("div", {}, make("span", { class: "number", "aria-hidden": "true" }, citation.number),
          make("cite", { lang: source.language, dir: "auto" }, source.title)),
        make("div", { class: "facts" }, ...facts.filter(Boolean).map((fact) => make("span", { dir: "auto" }, fact))),
        passage.asked ? this.#asked(passage.asked, source.language) : null,
        make("blockquote", { lang: source.language, dir: "auto" }, ...marked(passage, citation.quotes)),
        later
          ? make("p", { class: "soft" }, `${say("answer.later")} `,
              this.#link(this.#ours(later.reader), `${later.document.title}, ${this.#day(later.document.date)}`))
          : null,
        make("div", { class: "links" }, ...reads));
    }

    // A long question is folded behind the sentence that asks.
    #asked(asked, language) {
      const said = (text) => [`${this.#say("answer.asked")} `, make("bdi", { lang: language }, text)];
      const asking = asked.match(/[^.!?。！？]+[?？]\s*$/);
      if (asked.length <= LONG_ASKED || !asking) return make("p", { class: "soft" }, ...said(asked));
      return make("details", { class: "soft" }, make("summary", {}, ...said(asking[0].trim())),
        make("p", { lang: language, dir: "auto" }, asked));
    }

    #link(url, text) {
      return make("a", { href: url, target: "_blank", rel: "noopener noreferrer", dir: "auto" }, text);
    }

    // A path of our server, wherever below its origin it lives.
    #ours(path) {
      return this.#base + String(path).replace(/^\/+/, "");
    }

    #page(question) {
      const asked = new URLSearchParams({ q: question, language: this.lang });
      return this.#link(`${this.#base}answer?${asked}`, this.#say("widget.page"));
    }

    // What the record holds is told as soon as it is known; the verdict does not wait for it.
    #explained(nearest) {
      const key = `answer.not_in_record.${nearest ? "explained" : "nothing"}`;
      const explained = (coverage) => this.#say(key, { coverage }).trim();
      const part = make("p", {}, explained(""));
      this.#coverage().then((coverage) => { part.textContent = explained(coverage); });
      return part;
    }

    async #coverage() {
      try {
        this.#record = this.#record || (await (await fetch(`${this.#base}api/v1/status`, { credentials: "omit" })).json());
        const { documents, first_date: first, last_date: last } = this.#record;
        const key = `coverage.${first ? "" : "undated."}${documents === 1 ? "one" : "many"}`;
        return this.#say(key, {
          documents: documents.toLocaleString("en"),
          first: first && this.#day(first),
          last: last && this.#day(last),
        });
      } catch {
        return "";
      }
    }

    // As the language writes it; in English the day first.
    #day(date) {
      const language = this.lang === "en" ? "en-GB" : this.lang;
      return new Date(date).toLocaleDateString(language, { dateStyle: "long", timeZone: "UTC" });
    }

    #hear(words) {
      this.#heard.textContent = words;
    }

    #tell(name, detail = null) {
      this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
    }

    // A conversation is kept where the visitor said so, and nowhere else.
    get #key() {
      return `press-qa ${this.#base}`;
    }

    #store() {
      if (!this.#keep.checked) return;
      try {
        localStorage.setItem(this.#key, JSON.stringify(this.#turns.slice(-KEPT)));
      } catch { /* the page or the browser forbids it: nothing is kept */ }
    }

    #forget() {
      try {
        localStorage.removeItem(this.#key);
      } catch { /* then nothing is kept */ }
    }

    #restore() {
      this.#welcome();
      try {
        const kept = JSON.parse(localStorage.getItem(this.#key) || "null");
        if (!Array.isArray(kept)) return;
        for (const { question, answer } of kept) {
          this.#shown(this.#begun(question), whole(answer));
          this.#turns.push({ question, answer });
        }
        this.#keep.checked = true;
      } catch { // what is kept cannot be read: begin anew
        this.#forget();
        this.#turns = [];
        this.#welcome();
      }
      this.#hear("");
    }
  }

  // A colour as #rrggbb; nothing where it is none, or one that lets through what is behind it.
  function opaque(colour) {
    const paint = document.createElement("canvas").getContext("2d");
    if (!paint || !colour || /^currentcolor$/i.test(colour.trim())) return "";
    paint.fillStyle = "#0000";
    paint.fillStyle = colour;
    return /^#[0-9a-f]{6}$/.test(paint.fillStyle) ? paint.fillStyle : "";
  }

  // What came back, if it is an answer and not what a network in between says for the server.
  function whole(answer) {
    const lists = answer ? [answer.citations, answer.nearest, answer.related] : [null];
    if (!lists.every(Array.isArray)) throw new Error();
    return answer;
  }

  // Seconds as m:ss or h:mm:ss, empty where there are none.
  function clock(time) {
    if (typeof time !== "number") return "";
    const whole = Math.floor(time);
    const [hours, minutes, seconds] = [whole / 3600, (whole / 60) % 60, whole % 60].map(Math.floor);
    const two = (number) => String(number).padStart(2, "0");
    return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
  }

  // The passage with its quotes marked. Offsets count characters, of which emoji are one each.
  function marked(passage, quotes) {
    const letters = Array.from(passage.text);
    const parts = [];
    let at = 0;
    for (const quote of [...quotes].sort((a, b) => a.start - b.start)) {
      const start = Math.max(at, quote.start - passage.start);
      const end = quote.end - passage.start;
      parts.push(letters.slice(at, start).join(""), make("mark", {}, letters.slice(start, end).join("")));
      at = Math.max(at, end);
    }
    parts.push(letters.slice(at).join(""));
    return parts.filter((part) => part !== "");
  }

  const WORDS = {
    "en": {
      "answer.citation": "Passage {number}",
      "answer.asked": "In reply to:",
      "answer.more": "More passages",
      "answer.not_in_record": "No clear answer found",
      "answer.not_in_record.explained": "No passage clearly answers this question. Try other words, or look at the passages below. {coverage}",
      "answer.not_in_record.nothing": "No passage clearly answers this question. Try other words. {coverage}",
      "answer.nearest": "Closest passages (they may not answer your question):",
      "answer.searched_for": "Showing results for: {question}",
      "answer.open": "Read in context",
      "answer.source": "Original source",
      "answer.source_is": "Source file: {source}",
      "answer.page": "page {page}",
      "answer.time": "at {time}",
      "answer.recording": "Recording",
      "answer.recording.at": "Recording at {time}",
      "answer.paragraph": "paragraph {paragraph}",
      "answer.undated": "no date",
      "answer.later": "There is a more recent statement:",
      "answer.related": "Related questions from the record:",
      "answer.failed": "Sorry, we could not answer that. {why}",
      "chat.label": "Conversation",
      "chat.input": "Your question",
      "chat.placeholder": "For example: what was said about mortgage rates?",
      "chat.send": "Ask",
      "chat.welcome": "Ask a question in your own words. You get exact quotes from the record, with their source. If we cannot find a clear answer, we say so.",
      "courtesy.greeting": "Hello. Ask a question about what was said. Answers are exact quotes from the record.",
      "courtesy.thanks": "You’re welcome.",
      "courtesy.farewell": "Goodbye.",
      "courtesy.abuse": "We could not find a question in that. Ask about something that was said.",
      "courtesy.help": "This service searches published statements. Ask in your own words. You get exact quotes with their source, or are told that no clear answer was found.",
      "coverage.one": "Covers {documents} document, dated {first}.",
      "coverage.many": "Covers {documents} documents, from {first} to {last}.",
      "coverage.undated.one": "Covers {documents} undated document.",
      "coverage.undated.many": "Covers {documents} undated documents.",
      "widget.open": "Ask a question",
      "widget.close": "Close",
      "widget.clear": "Clear conversation",
      "widget.keep": "Save this conversation on this device",
      "widget.searching": "Searching…",
      "widget.slow": "This is taking longer than usual…",
      "widget.unreachable": "Sorry, we cannot reach the service. Your question is still in the box. Try again, or open the full page.",
      "widget.wait": "You have asked many questions in a short time. Try again in {seconds} seconds. Your question is still in the box.",
      "widget.busy": "The service is busy. Try again shortly. Your question is still in the box.",
      "widget.page": "Open the full page",
      "widget.answered.one": "1 passage found.",
      "widget.answered.many": "{number} passages found."
    },
    "zh-Hans": {
      "answer.citation": "摘录{number}",
      "answer.asked": "所回应的提问：",
      "answer.more": "更多原文",
      "answer.not_in_record": "未找到明确答案",
      "answer.not_in_record.explained": "没有找到能明确回答此问题的原文。请换个说法再试，或查看下面的相关段落。{coverage}",
      "answer.not_in_record.nothing": "没有找到能明确回答此问题的原文。请换个说法再试。{coverage}",
      "answer.nearest": "相关段落（未必能回答您的问题）：",
      "answer.searched_for": "实际检索：{question}",
      "answer.open": "查看上下文",
      "answer.source": "原始出处",
      "answer.source_is": "来源文件：{source}",
      "answer.page": "第{page}页",
      "answer.time": "{time}处",
      "answer.recording": "音视频",
      "answer.recording.at": "音视频（{time}处）",
      "answer.paragraph": "第{paragraph}段",
      "answer.undated": "日期不详",
      "answer.later": "另有更新的相关发言：",
      "answer.related": "相关提问：",
      "answer.failed": "抱歉，未能回答：{why}",
      "chat.label": "对话",
      "chat.input": "您的问题",
      "chat.placeholder": "例如：对房贷利率有何表态？",
      "chat.send": "提问",
      "chat.welcome": "请直接输入问题。您会看到原文和出处；如未找到明确答案，会如实说明。",
      "courtesy.greeting": "您好！请输入想了解的问题，回答均为原文。",
      "courtesy.thanks": "不客气。",
      "courtesy.farewell": "再见。",
      "courtesy.abuse": "未能识别出问题。请输入您想了解的内容。",
      "courtesy.help": "本页检索已发布的发言。请直接提问，您会看到原文和出处；如未找到明确答案，会如实说明。",
      "coverage.one": "共收录{documents}份文件（{first}）。",
      "coverage.many": "共收录{documents}份文件（{first}至{last}）。",
      "coverage.undated.one": "共收录{documents}份文件（日期不详）。",
      "coverage.undated.many": "共收录{documents}份文件（日期不详）。",
      "widget.open": "我要提问",
      "widget.close": "关闭",
      "widget.clear": "清除对话",
      "widget.keep": "在本设备上保存此对话",
      "widget.searching": "正在检索……",
      "widget.slow": "检索时间较长，请稍候……",
      "widget.unreachable": "无法连接服务器。您的问题仍在输入框中，请重试或打开完整页面。",
      "widget.wait": "提问过于频繁，请{seconds}秒后再试。您的问题仍在输入框中。",
      "widget.busy": "当前使用人数较多，请稍后再试。您的问题仍在输入框中。",
      "widget.page": "打开完整页面",
      "widget.answered.one": "找到1个段落。",
      "widget.answered.many": "找到{number}个段落。"
    },
    "zh-Hant": {
      "answer.citation": "摘錄{number}",
      "answer.asked": "所回應的提問：",
      "answer.more": "更多原文",
      "answer.not_in_record": "未找到明確答案",
      "answer.not_in_record.explained": "沒有找到能明確回答此問題的原文。請換個說法再試，或查看下面的相關段落。{coverage}",
      "answer.not_in_record.nothing": "沒有找到能明確回答此問題的原文。請換個說法再試。{coverage}",
      "answer.nearest": "相關段落（未必能回答您的問題）：",
      "answer.searched_for": "實際檢索：{question}",
      "answer.open": "查看上下文",
      "answer.source": "原始出處",
      "answer.source_is": "來源檔案：{source}",
      "answer.page": "第{page}頁",
      "answer.time": "{time}處",
      "answer.recording": "影音",
      "answer.recording.at": "影音（{time}處）",
      "answer.paragraph": "第{paragraph}段",
      "answer.undated": "日期不詳",
      "answer.later": "另有更新的相關發言：",
      "answer.related": "相關提問：",
      "answer.failed": "抱歉，未能回答：{why}",
      "chat.label": "對話",
      "chat.input": "您的問題",
      "chat.placeholder": "例如：對房貸利率有何表態？",
      "chat.send": "提問",
      "chat.welcome": "請直接輸入問題。您會看到原文和出處；如未找到明確答案，會如實說明。",
      "courtesy.greeting": "您好！請輸入想了解的問題，回答均為原文。",
      "courtesy.thanks": "不客氣。",
      "courtesy.farewell": "再見。",
      "courtesy.abuse": "未能識別出問題。請輸入您想了解的內容。",
      "courtesy.help": "本頁檢索已發布的發言。請直接提問，您會看到原文和出處；如未找到明確答案，會如實說明。",
      "coverage.one": "共收錄{documents}份文件（{first}）。",
      "coverage.many": "共收錄{documents}份文件（{first}至{last}）。",
      "coverage.undated.one": "共收錄{documents}份文件（日期不詳）。",
      "coverage.undated.many": "共收錄{documents}份文件（日期不詳）。",
      "widget.open": "我要提問",
      "widget.close": "關閉",
      "widget.clear": "清除對話",
      "widget.keep": "在本裝置上儲存此對話",
      "widget.searching": "正在檢索……",
      "widget.slow": "檢索時間較長，請稍候……",
      "widget.unreachable": "無法連線至伺服器。您的問題仍在輸入框中，請重試或開啟完整頁面。",
      "widget.wait": "提問過於頻繁，請{seconds}秒後再試。您的問題仍在輸入框中。",
      "widget.busy": "目前使用人數較多，請稍後再試。您的問題仍在輸入框中。",
      "widget.page": "開啟完整頁面",
      "widget.answered.one": "找到1個段落。",
      "widget.answered.many": "找到{number}個段落。"
    }
  };

  customElements.define("press-qa", PressQA);
})();

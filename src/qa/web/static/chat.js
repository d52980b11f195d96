// Gradio sets the page's language to the browser's; keep that of its strings.
const language = document.querySelector("meta[name=qa-language]").content;
const root = document.documentElement;
const keepLanguage = () => root.lang === language || (root.lang = language);
keepLanguage();
new MutationObserver(keepLanguage).observe(root, { attributes: true, attributeFilter: ["lang"] });

const say = (name, values = {}) =>
  Object.entries(values).reduce(
    (words, [key, value]) => words.replace(`{${key}}`, value),
    document.querySelector(`meta[name=qa-say-${name}]`).content,
  );
const all = (selector) => [...document.querySelectorAll(selector)];
const box = () => document.querySelector("#qa-question textarea");

// The state of a question, from the moment it is asked. It is announced once: by the line above the
// box, or by the answer itself if the focus moves there.
const SLOW_MS = 3000;
const GIVEN_UP_MS = 60_000;  // longer than the server takes for an answer or an error
const TWICE_MS = 300;
const UNSENT = "qa-unasked";
let asking = null;
const announce = (words, isVisible = true) => {
  const state = document.querySelector("#qa-state");
  state.textContent = words;
  state.classList.toggle("qa-hidden", !isVisible);  // the conversation shows it already
};
const lastMessage = () => all("#qa-chat .bot :is(.qa-answer, .qa-message)").pop();
const begin = (question) => {
  clearTimeout(asking?.slow);
  asking = {
    question,
    draft: "",  // the text in the box before another question replaced it
    before: lastMessage(),
    at: performance.now(),
    slow: setTimeout(() => announce(say("slow")), SLOW_MS),
  };
  announce(say("searching"));
};
const end = (words, isVisible) => {
  clearTimeout(asking.slow);
  asking = null;
  announce(words, isVisible);
};
// One question at a time, for each may refer to those before: the next one waits in the box. The same
// text before the request is sent is the same question entered twice; Gradio may have dropped the
// first if it was not ready.
const press = () => document.querySelector("#qa-send").click();
const isUnderway = () => asking && performance.now() - asking.at < (asking.isSent ? GIVEN_UP_MS : TWICE_MS);
const enter = (event) => {
  const question = box().value;
  if (!isUnderway()) {
    if (question.trim()) begin(question);
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  const isOther = question.trim() && (asking.isSent || question !== asking.question);
  if (isOther) asking.next = () => box().value === question && press();
};
document.addEventListener("keydown", (event) => {
  const isEntered = event.key === "Enter" && !event.shiftKey && !event.isComposing;
  if (isEntered && event.target === box()) enter(event);
}, true);
document.addEventListener("click", (event) => {
  if (event.target.closest("#qa-send")) enter(event);
}, true);

// After an answer the page scrolls to its question, not to its end; the focus moves to the answer
// unless the next question is being typed.
const arrived = (answer) => {
  const number = answer.querySelectorAll(".qa-citation").length;
  const outcome = answer.matches(".qa-answered") ? say(number === 1 ? "one" : "many", { number })
    : answer.matches(".qa-not_in_record") ? say("none") : answer.textContent.trim();
  const { next } = asking;
  const isFree = !box().value && [document.body, box()].includes(document.activeElement)
    || document.activeElement?.closest("#qa-send, .qa-example, #qa-chat");
  end(isFree ? "" : outcome, false);
  (all("#qa-chat .user").pop() || answer).scrollIntoView({ block: "start" });
  if (next) return next();
  if (!isFree) return;
  answer.tabIndex = -1;
  answer.setAttribute("role", "group");
  answer.setAttribute("aria-label", outcome);
  answer.focus({ preventScroll: true });
};
const reported = new WeakSet();
new MutationObserver(() => {
  // Gradio would have screen readers read out all of an answer with its HTML.
  for (const log of all("#qa-chat [aria-live]")) log.removeAttribute("aria-live");
  for (const button of all("#qa-chat .message [aria-label]")) {
    if (button.getAttribute("aria-label").includes("<div")) button.removeAttribute("aria-label");
  }
  if (!asking) return;
  const failed = all(".toast-message-item.error").find((toast) => !reported.has(toast));
  if (failed) {
    reported.add(failed);
    const { question } = asking;
    end(refused || say("unreachable"));
    if (!box().value) fill(question);
    sessionStorage.setItem(UNSENT, box().value);  // in case Gradio reloads the page
    return;
  }
  // The question, then its answer; an empty question is not shown, but answered all the same.
  const [question, answer] = [all("#qa-chat .user").pop(), lastMessage()];
  if (!answer || answer === asking.before) return;
  const isLast = !question || question.compareDocumentPosition(answer) & Node.DOCUMENT_POSITION_FOLLOWING;
  if (isLast) arrived(answer);
}).observe(root, { childList: true, subtree: true });

// Why the server refused a question: Gradio reports only that it failed.
let refused = null;
const fetched = window.fetch;
window.fetch = async (where, how) => {
  const isAsked = String(where).includes("/queue/join");
  if (!isAsked) return fetched(where, how);
  // The question is sent: the box is free for the next one. Text typed since Enter belongs to that
  // one, though Gradio may have sent it along.
  const sent = JSON.parse(how.body);
  if (asking && !asking.isSent && String(sent.data[0]).startsWith(asking.question)) {
    asking.isSent = true;
    sent.data[0] = asking.question;
    how = { ...how, body: JSON.stringify(sent) };
    const rest = box().value.startsWith(asking.question) ? box().value.slice(asking.question.length) : "";
    fill(asking.draft + rest, box() === document.activeElement);
  }
  refused = null;
  // If the server cannot be reached, Gradio would block until it is back and reload the page; a
  // refusal it handles better.
  const answer = await fetched(where, how).catch(() => new Response("{}", { status: 502 }));
  const seconds = Number(answer.headers.get("Retry-After")) || 60;
  refused = { 429: say("wait", { seconds }), 503: say("busy") }[answer.status] || null;
  return answer;
};

// A letter typed while an answer has the focus goes to the box; Escape returns there, too.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest?.("#qa-chat")) return box().focus();
  const isLetter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (isLetter && event.target.matches?.("#qa-chat .qa-answer, #qa-chat .qa-message")) box().focus();
});

// Fields that Gradio lacks: dates, and a list of the sections.
const upgrade = async () => {
  for (const name of ["since", "until"]) {
    const field = document.querySelector(`#qa-${name} input`);
    if (field) field.type = "date";
  }
  const section = document.querySelector("#qa-section input");
  if (!section || section.list) return;
  const list = document.createElement("datalist");
  list.id = "qa-sections";
  section.after(list);
  section.setAttribute("list", list.id);
  const status = await (await fetch("../api/v1/status")).json();
  for (const name of status.sections) list.append(new Option(name));
  section.closest(".block").hidden = !status.sections.length;
};
document.addEventListener("click", (event) => {
  if (event.target.closest("#qa-options button")) requestAnimationFrame(upgrade);
});

// Restore a kept conversation.
const restored = new MutationObserver(() => {
  const restore = document.querySelector("#qa-restore");
  if (!restore || !document.querySelector("#qa-chat .bot")) return;
  restored.disconnect();
  const unasked = sessionStorage.getItem(UNSENT);
  if (unasked) fill(unasked);
  sessionStorage.removeItem(UNSENT);
  // Gradio stores an empty list if nothing is kept.
  if (!(localStorage.getItem("qa-conversation")?.length > 200)) return;
  restore.click();
  const shown = new MutationObserver(() => {
    if (!document.querySelector("#qa-chat .user")) return;
    shown.disconnect();
    all("#qa-chat .user").pop().scrollIntoView({ block: "start" });
  });
  shown.observe(root, { childList: true, subtree: true });
});
restored.observe(root, { childList: true, subtree: true });

// Links and buttons of an answer. Without this script a question opens the answer page.
const fill = (text, isFocused = true, field = box()) => {
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (isFocused) field.focus();
};
const send = (question) => {
  if (isUnderway()) {
    asking.next = () => send(question);
    return;
  }
  const draft = box().value;
  fill(question);
  press();
  asking.draft = draft;
};
const copy = (text) => navigator.clipboard.writeText(text).then(() => announce(say("copied")));
const PRESSED = {
  ".qa-copy-it": (pressed) => {
    copy(pressed.parentNode.nextElementSibling.textContent);
  },
  ".qa-ask-it": (pressed) => send(pressed.textContent),
  // Browsers allow copying only on pages that came over TLS.
  ".qa-permalink a": ({ href }) => (navigator.clipboard ? copy(href) : window.open(href, "_blank", "noopener")),
  ".qa-edit": (pressed) => fill(pressed.previousElementSibling.textContent),
  ".qa-unlimited": (pressed) => {
    for (const field of all(":is(#qa-since, #qa-until, #qa-section) input")) fill("", false, field);
    send(new URL(pressed.href).searchParams.get("q"));
  },
};
document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  for (const [selector, act] of Object.entries(PRESSED)) {
    const pressed = event.target.closest(`#qa-chat ${selector}`);
    if (pressed) {
      event.preventDefault();
      act(pressed);
    }
  }
});
document.addEventListener("click", (event) => {
  const example = event.target.closest(".qa-example");
  if (example) send(example.textContent.trim());
});
document.addEventListener("click", (event) => {
  // The focused button disappears.
  if (event.target.closest("#qa-chat .icon-button")) setTimeout(() => box().focus());
}, true);

// Feedback on an answer, sent only when the visitor gives it.
const sendFeedback = async (thought, helpful, reason) => {
  const sent = await fetch("../api/v1/feedback", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ request: thought.id.replace("asked-", ""), helpful, reason: reason || null }),
  }).catch(() => ({ ok: false }));
  const isAskedWhy = sent.ok && !helpful && !reason;
  const words = isAskedWhy ? "" : thought.querySelector(sent.ok ? ".qa-sent" : ".qa-unsent").textContent;
  thought.querySelector("[role=status]").textContent = words;
  thought.querySelector(".qa-why").hidden = helpful || Boolean(sent.ok && reason);
};
document.addEventListener("click", (event) => {
  const pressed = event.target.closest("#qa-chat :is(.qa-helped, .qa-send-why)");
  if (!pressed) return;
  const thought = pressed.closest(".qa-thought");
  const why = thought.querySelector("input");
  if (pressed.matches(".qa-send-why")) return void sendFeedback(thought, false, why.value);
  const helped = pressed.value === "yes";
  for (const button of thought.querySelectorAll(".qa-helped")) button.setAttribute("aria-pressed", button === pressed);
  sendFeedback(thought, helped, "");
  thought.querySelector(".qa-why").hidden = helped;
  if (!helped) why.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("#qa-chat .qa-thought input")) return;
  sendFeedback(event.target.closest(".qa-thought"), false, event.target.value);
});

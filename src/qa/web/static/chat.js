// Gradio tells the page's language by the browser's; ours is the one it is written in.
const language = document.querySelector("meta[name=qa-language]").content;
const root = document.documentElement;
const tell = () => root.lang === language || (root.lang = language);
tell();
new MutationObserver(tell).observe(root, { attributes: true, attributeFilter: ["lang"] });

// After an answer the page shows the question and what follows it, not the answer's end.
let shown = null;
new MutationObserver(() => {
  const asked = [...document.querySelectorAll("#qa-chat .user")].pop();
  const answer = [...document.querySelectorAll("#qa-chat .bot")].pop();
  if (!asked || !answer || answer === shown) return;
  if (!(asked.compareDocumentPosition(answer) & Node.DOCUMENT_POSITION_FOLLOWING)) return;
  shown = answer;
  asked.scrollIntoView({ block: "start" });
}).observe(root, { childList: true, subtree: true });

// Links and buttons of an answer. Without this script a question opens on a page of its own.
const box = () => document.querySelector("#qa-question textarea");
const fill = (text) => {
  const field = box();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
};
document.addEventListener("click", (event) => {
  const pressed = event.target.closest("#qa-chat .qa-ask-it, #qa-chat .qa-edit, #qa-chat .qa-copy-it");
  if (!pressed || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (pressed.matches(".qa-copy-it")) {
    navigator.clipboard.writeText(pressed.parentNode.nextElementSibling.textContent);
    return;
  }
  fill(pressed.textContent);
  if (pressed.matches(".qa-ask-it")) document.querySelector("#qa-send").click();
});

// Whether an answer helped, and why not; sent only where the visitor says so.
const think = async (thought, helpful, reason) => {
  const said = thought.querySelector("[role=status]");
  const sent = await fetch("../api/v1/feedback", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ request: thought.id.replace("asked-", ""), helpful, reason: reason || null }),
  }).catch(() => ({ ok: false }));
  said.textContent = thought.querySelector(sent.ok ? ".qa-sent" : ".qa-unsent").textContent;
};
document.addEventListener("click", (event) => {
  const pressed = event.target.closest("#qa-chat .qa-helped");
  if (!pressed) return;
  const thought = pressed.closest(".qa-thought");
  const helped = pressed.value === "yes";
  for (const button of thought.querySelectorAll("button")) button.setAttribute("aria-pressed", button === pressed);
  thought.querySelector("label").hidden = helped;
  think(thought, helped, "");
  if (!helped) thought.querySelector("input").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("#qa-chat .qa-thought input")) return;
  think(event.target.closest(".qa-thought"), false, event.target.value);
});

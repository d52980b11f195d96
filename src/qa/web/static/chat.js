// After an answer the page shows the question and what follows it, not the answer's end.
let shown = null;
new MutationObserver(() => {
  const asked = [...document.querySelectorAll("#qa-chat .user")].pop();
  const answer = [...document.querySelectorAll("#qa-chat .bot")].pop();
  if (!asked || !answer || answer === shown) return;
  if (!(asked.compareDocumentPosition(answer) & Node.DOCUMENT_POSITION_FOLLOWING)) return;
  shown = answer;
  asked.scrollIntoView({ block: "start" });
}).observe(document.documentElement, { childList: true, subtree: true });

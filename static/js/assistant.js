// The answer as it comes: one request whose lines are read while they arrive. Without scripts the answer is there at once.
(() => {
  "use strict";

  let refreshed = null;
  const chat = () => document.getElementById("chat");
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

  // Tells the server that this page fetches the answer itself.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-chat-form]") || form.elements.streams) return;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "streams", value: "1" });
    form.append(field);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("[data-chat-message]")) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  function bubble(list) {
    const item = document.createElement("li");
    item.className = "chat-message is-assistant";
    const text = document.createElement("div");
    text.className = "chat-text is-streaming";
    text.textContent = "Answering…";
    item.append(text);
    list.append(item);
    return text;
  }

  async function read(response, said) {
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let held = "";
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      held += decoder.decode(value, { stream: true });
      const lines = held.split("\n");
      held = lines.pop();
      for (const line of lines.filter(Boolean)) {
        text += JSON.parse(line).words || "";
        if (text) said(text);
      }
    }
  }

  async function answer(element) {
    delete element.dataset.waiting;
    const list = element.querySelector(".chat-messages");
    element.querySelector("[data-chat-again]")?.remove();
    list.setAttribute("aria-busy", "true");
    const place = bubble(list);
    try {
      const response = await fetch(element.dataset.answer, {
        method: "POST",
        headers: { Accept: "application/x-ndjson", "X-CSRFToken": token() },
      });
      if (!response.ok) throw new Error(String(response.status));
      await read(response, (text) => {
        place.textContent = text;
      });
    } catch (error) {
      window.mlops.toast({ text: "The answer could not be fetched. What you wrote is kept.", level: "error" });
    }
    const typed = document.getElementById("chat-message").value;
    refreshed = typed;
    element.dispatchEvent(new Event("answered"));
  }

  // The conversation asks for itself anew when it is answered (hx-trigger); what was typed meanwhile stays.
  document.addEventListener("htmx:afterSettle", () => {
    if (refreshed === null || !chat()) return;
    document.getElementById("chat-message").value = refreshed;
    refreshed = null;
    document.querySelector(".chat-message:last-child")?.scrollIntoView({ block: "nearest" });
  });

  function begin() {
    const element = chat();
    if (element && "waiting" in element.dataset) answer(element);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();

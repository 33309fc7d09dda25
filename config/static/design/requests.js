// What the reader is shown while a part of the page is asked for, and told in words when it does not come. Live updates
// ask unasked: they are quiet, and only a connection that is gone is said.
"use strict";
{
  const SHOWN_MS = 6000;
  const toasts = document.getElementById("toasts");
  const isQuiet = (element) => element.hidden || element.hasAttribute("data-live");

  function say(name) {
    const words = document.getElementById(`words-${name}`).content.cloneNode(true).firstElementChild;
    words.dataset.words = name;
    unsay(name);
    toasts.append(words);
    return words;
  }
  function unsay(name) {
    toasts.querySelectorAll(`[data-words="${name}"]`).forEach((words) => words.remove());
  }

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (!isQuiet(detail.elt)) detail.target.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    detail.target.removeAttribute("aria-busy");
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) => {
    document.addEventListener(name, ({ detail }) => {
      if (isQuiet(detail.elt)) return;
      const words = say("failed");
      setTimeout(() => words.remove(), SHOWN_MS);
    });
  });
  window.addEventListener("offline", () => say("offline"));
  window.addEventListener("online", () => unsay("offline"));
}

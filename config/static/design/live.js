// Keeps the page up to date: asks every few seconds whether anything moved, while the page is looked at. What moved is
// swapped by id; a part that the reader is at waits until they are elsewhere.
"use strict";
{
  const CALM_AFTER = 12; // looks without news, after which it asks less often
  const CALM_FACTOR = 3;
  const FAILURES_FACTOR_MAX = 12;
  const STOP = 286; // the server's word for "ask no more"

  const poll = document.getElementById("live");
  const milliseconds = Number(poll.dataset.milliseconds);
  const waiting = new Set();
  let quiet = 0;
  let failures = 0;
  let isOver = false;
  let timer;

  function plan() {
    clearTimeout(timer);
    if (isOver || document.hidden) return;
    const calm = quiet < CALM_AFTER ? 1 : CALM_FACTOR;
    timer = setTimeout(look, milliseconds * Math.max(calm, Math.min(2 ** failures, FAILURES_FACTOR_MAX)));
  }
  function look() {
    clearTimeout(timer);
    if (!isOver && !document.hidden) htmx.trigger(poll, "look");
  }
  poll.addEventListener("htmx:afterRequest", (event) => {
    const answer = event.detail.xhr;
    if (answer.status === 204) [quiet, failures] = [quiet + 1, 0];
    else if (answer.getResponseHeader("HX-Trigger")) [quiet, failures] = [0, 0];
    else if (answer.status >= 200 && answer.status < 300) isOver = true; // signed out, or gone to another account
    else failures += 1;
    plan();
  });
  document.addEventListener("visibilitychange", look);
  plan();

  // Whether the reader is at a part: a focus that the part's successor would not take over, a selection, a press.
  function isHeld(part, successor) {
    const focused = document.activeElement;
    if (part.contains(focused)) {
      const twin = focused.id && successor && successor.querySelector(`#${CSS.escape(focused.id)}`);
      if (!twin || focused.matches("input, select, textarea")) return true;
    }
    const selection = document.getSelection();
    return part.matches(":active")
      || (!selection.isCollapsed && selection.rangeCount > 0 && selection.getRangeAt(0).intersectsNode(part));
  }
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target: part, fragment } = event.detail;
    if (isHeld(part, fragment)) {
      waiting.add(part);
      event.detail.shouldSwap = false;
      return;
    }
    part.querySelectorAll("details[open][id]").forEach((each) => {
      const successor = fragment.querySelector(`#${CSS.escape(each.id)}`);
      if (successor) successor.open = true;
    });
    fragment.querySelectorAll("tr[id]").forEach((row) => {
      if (!document.getElementById(row.id)) row.classList.add("fresh");
    });
  });

  // The reader is elsewhere: what waited is asked for again, as if nothing had been seen.
  function letGo() {
    if (waiting.size === 0 || [...waiting].some((part) => part.isConnected && isHeld(part))) return;
    waiting.clear();
    document.querySelector("#live-seen [name=seen]").value = "";
    look();
  }
  ["focusout", "selectionchange", "pointerup"].forEach((name) => {
    document.addEventListener(name, () => setTimeout(letGo));
  });
}

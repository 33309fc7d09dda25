// What the pages do beyond links and forms; all of them work without it.
"use strict";

// One menu open at a time; a click elsewhere or Escape closes it and gives the focus back to what opened it.
function closeMenus(except) {
  document.querySelectorAll("details.switch[open]").forEach((menu) => {
    if (menu !== except) menu.open = false;
  });
}
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.switch")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.switch[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// A page in the background asks for nothing; it catches up when it is looked at again.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.detail.elt.hasAttribute("data-live")) event.preventDefault();
});

// The rows of a live table do not change under an open menu, a selection or a focused control of theirs.
document.addEventListener("htmx:beforeSwap", (event) => {
  const selection = document.getSelection();
  if (event.detail.target.hasAttribute("data-live") && selection && !selection.isCollapsed
      && event.detail.target.contains(selection.anchorNode)) event.detail.shouldSwap = false;
});

// The result of something done here is shown for six seconds.
document.querySelectorAll(".toast-s").forEach((toast) => setTimeout(() => toast.remove(), 6000));

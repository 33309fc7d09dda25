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

// The result of something done here is shown for six seconds.
document.querySelectorAll(".toast-s").forEach((toast) => setTimeout(() => toast.remove(), 6000));

// A quick amount fills the field it belongs to; typing there leaves only the chip that says the same.
document.addEventListener("input", (event) => {
  const chip = event.target;
  const field = chip.dataset.fills && document.getElementById(chip.dataset.fills);
  if (field) {
    field.value = chip.value;
    return;
  }
  document.querySelectorAll(`[data-fills="${CSS.escape(chip.id)}"]`).forEach((each) => {
    each.checked = chip.id !== "" && Number(each.value) === Number(chip.value);
  });
});

// Printing is the browser's; the button is there only where it can do something.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
function showPrint(root) {
  root.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; });
}
showPrint(document);
document.addEventListener("htmx:load", (event) => showPrint(event.target));

// A form is sent once, however often its button is pressed; coming back to the page it can be sent again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});

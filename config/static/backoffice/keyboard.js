// What the theme leaves to the mouse: menus of actions open with Enter or Space and hand the focus to their first
// entry, Escape gives it back; an icon beside words is a picture, and its name nothing to be read out.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const icon of document.querySelectorAll("a > .material-symbols-outlined, button > .material-symbols-outlined")) {
    if (icon.parentElement.textContent.trim() !== icon.textContent.trim()) icon.setAttribute("aria-hidden", "true");
  }
  for (const menu of document.querySelectorAll('li[x-ref^="actionDropdown"]')) {
    const opener = menu.querySelector("a:not([href])");
    if (!opener) continue;
    for (const icon of opener.querySelectorAll(".material-symbols-outlined")) icon.setAttribute("aria-hidden", "true");
    opener.tabIndex = 0;
    opener.setAttribute("role", "button");
    opener.setAttribute("aria-haspopup", "true");
    opener.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      opener.click();
      const opened = () => {
        for (const nav of document.querySelectorAll("body > nav[x-anchor\\.bottom-end\\.offset\\.4]")) {
          if (nav.offsetParent === null && getComputedStyle(nav).display === "none") continue;
          nav.querySelector("a")?.focus();
          nav.addEventListener("keydown", (pressed) => {
            if (pressed.key !== "Escape") return;
            opener.click();
            opener.focus();
          }, { once: true });
        }
      };
      requestAnimationFrame(() => requestAnimationFrame(opened));
    });
  }
});

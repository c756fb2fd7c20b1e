/**
 * The sidebar as a drawer on small screens: while it is open the rest of the page is out of
 * reach, and closing gives the focus back to the button that opened it.
 */

const NAME = "drawer-open";

export function openDrawer() {
  document.body.classList.add(NAME);
  document.getElementById("main").inert = true;
  document.querySelector("#sidebar a")?.focus();
}

export function closeDrawer() {
  if (!document.body.classList.contains(NAME)) return;
  document.body.classList.remove(NAME);
  document.getElementById("main").inert = false;
  document.querySelector(".drawer-button")?.focus();
}

/** Escape and a press beside the drawer close it. */
export function watchDrawer() {
  document.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && closeDrawer());
  document.addEventListener("pointerdown", (event) => event.target.closest("#sidebar") || closeDrawer());
}

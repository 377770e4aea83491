"use strict";
// Sort the table of scenarios by the column whose title is pressed.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.key ?? row.cells[column].textContent;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => key(a).localeCompare(key(b), "en", { numeric: true }) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}
// Bring the earliest evidence of each picture into sight, once the picture is.
const show = (plane) => {
  const proofs = [...plane.querySelectorAll(".call.proof rect")].map((rect) => rect.x.baseVal.value);
  if (proofs.length) plane.scrollLeft = Math.max(0, Math.min(...proofs) - 60);
};
// The strip above a wide picture shows which part is in sight, and leads to any other.
const guide = (plane, overview) => {
  const sight = overview.querySelector(".sight");
  const follow = () => {
    sight.setAttribute("x", plane.scrollLeft);
    sight.setAttribute("width", plane.clientWidth);
  };
  const lead = (event) => {
    if (event.type === "pointermove" && event.buttons === 0) return;
    const box = overview.getBoundingClientRect();
    const left = parseFloat(getComputedStyle(overview).paddingLeft);
    const share = (event.clientX - box.left - left) / (box.width - left);
    plane.scrollLeft = share * plane.scrollWidth - plane.clientWidth / 2;
  };
  plane.addEventListener("scroll", follow);
  new ResizeObserver(follow).observe(plane);
  overview.addEventListener("pointerdown", lead);
  overview.addEventListener("pointermove", lead);
};
for (const plane of document.querySelectorAll(".plane > .scroll")) {
  const run = plane.closest("details");
  if (run && !run.open) run.addEventListener("toggle", () => show(plane), { once: true });
  else show(plane);
  const overview = plane.closest("figure").querySelector(".overview");
  if (overview) guide(plane, overview);
}
// A link leads to what is folded, too.
const unfold = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target) target.scrollIntoView({ block: "nearest", inline: "center" });
};
addEventListener("hashchange", unfold);
unfold();

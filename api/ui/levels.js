// The seven levels and the pictures of the one that is open.
import { el, pill } from "./dom.js";

// levelPanel builds table and viewer; chosen.level is the open one and is changed by
// click, Enter and the arrow keys.
export function levelPanel(result, chosen) {
  const byName = new Map(result.levels.map((l) => [l.level, l]));
  if (!byName.has(chosen.level)) chosen.level = result.levels[0].level;
  const viewer = el("section", { className: "viewer", aria: { live: "polite", label: "Open level" } });
  const rows = result.levels.map((l) => levelRow(l, result, () => open(l.level, true)));

  function open(level, focus) {
    chosen.level = level;
    rows.forEach((r) => r.mark(r.level === level, focus));
    viewer.replaceChildren(...pictures(byName.get(level)));
  }

  const table = el("table", { className: "levels" },
    el("caption", {}, "Levels ", el("span", { className: "sub" }, "↑ ↓ to move")),
    el("thead", {}, el("tr", {}, ["Level", "State", "Probability"].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, rows.map((r) => r.node)));
  keys = (step) => {
    const i = result.levels.findIndex((l) => l.level === chosen.level);
    open(result.levels[Math.min(Math.max(i + step, 0), result.levels.length - 1)].level, true);
  };
  const focused = document.activeElement?.dataset?.level;
  open(chosen.level, false);
  if (focused) queueMicrotask(() => table.querySelector(`[data-level="${CSS.escape(focused)}"]`)?.focus());
  return [el("div", { className: "reading" }, el("section", { className: "panel", aria: { label: "Levels" } }, table), viewer)];
}

// keys is the move of the panel that is on the page.
let keys = null;

document.addEventListener("keydown", (e) => {
  if (!keys || e.altKey || e.ctrlKey || e.metaKey || e.shiftKey) return;
  if (e.key !== "ArrowUp" && e.key !== "ArrowDown") return;
  // Elsewhere the arrows scroll the page.
  if (document.activeElement !== document.body && !document.activeElement.closest(".levels")) return;
  e.preventDefault();
  keys(e.key === "ArrowUp" ? -1 : 1);
});

function levelRow(l, result, onOpen) {
  const button = el("button", { type: "button", data: { level: l.level }, onclick: onOpen }, l.level);
  const node = el("tr", { data: { state: l.state } },
    el("th", { scope: "row" }, button),
    el("td", {}, pill(l.state, l.stateText)),
    el("td", { className: "p" }, l.probability === undefined ? "–" : bar(l, result.flagThreshold)));
  node.addEventListener("click", (e) => { if (e.target !== button) onOpen(); });
  return {
    node, level: l.level,
    mark(on, focus) {
      node.classList.toggle("open", on);
      if (on) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      if (on && focus) button.focus({ preventScroll: true });
    },
  };
}

function bar(l, threshold) {
  const text = l.probability.toFixed(2);
  const track = el("span", { className: "track", aria: { hidden: true }, vars: { p: l.probability, t: threshold ?? 0 } },
    el("i", { className: "fill" }), threshold === undefined ? null : el("i", { className: "tick", title: `flag threshold ${threshold.toFixed(2)}` }));
  return el("span", { className: "bar" }, track, el("span", { className: "num" }, text));
}

function pictures(l) {
  const figures = l.images.map((a) => el("figure", { data: { plane: a.plane } },
    el("a", { href: a.href, target: "_blank", rel: "noopener", title: "Open the picture alone" },
      el("img", { src: a.href, alt: `${l.level}, ${a.plane} key image${a.marked ? ", marked" : ""}`, width: 320, height: 320, decoding: "async" })),
    el("figcaption", {}, el("b", {}, a.plane), a.caption ? el("span", { className: "sub" }, a.caption) : null)));
  return [
    el("h2", {}, l.level, pill(l.state, l.stateText)),
    ...l.sentences.map((s) => el("p", { className: "level-text" }, s)),
    l.state === "not-imaged" ? null : el("p", { className: "sub" }, l.coverageText),
    l.point ? el("p", { className: "sub" }, `Passed operating point ${l.point}.`) : null,
    figures.length ? el("div", { className: "planes" }, figures) : el("p", { className: "quiet" }, "No key image of this level."),
  ].filter(Boolean);
}

// The parts below the levels.
import { el, pill, when } from "./dom.js";

const section = (name, heading, ...children) =>
  el("section", { className: `panel ${name}` }, el("h2", {}, heading), ...children);

export const conclusion = (r) => section("conclusion", "Conclusion in full", el("p", {}, r.conclusion));

export const limits = (r) => section("limits", "Limits",
  el("ul", {}, r.limits.map((s) => el("li", {}, s))),
  r.points && r.points.length ? el("ul", { className: "sub" }, r.points.map((s) => el("li", {}, s))) : null,
  r.confirmation ? el("p", { className: "sub" }, r.confirmation) : null,
  r.pack ? el("p", { className: "sub mono" }, r.pack) : null);

// candidates explains which series was analysed and why the others were not.
export const candidates = (r) => section("candidates", "Series candidates",
  el("div", { className: "wide" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Series", "Slices", "Spacing", "Score", ""].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, r.candidates.map((c) => el("tr", { className: c.chosen ? "chosen" : "" },
      el("td", {}, c.description || "no description"),
      el("td", { className: "num" }, String(c.slices)),
      el("td", { className: "num" }, `${c.spacingMM.toFixed(2)} mm`),
      el("td", { className: "num" }, c.score.toFixed(2)),
      el("td", {}, c.chosen ? "analysed" : c.lost)))))));

export const received = (list) => section("candidates", "Series received",
  el("div", { className: "wide" }, el("table", {},
    el("thead", {}, el("tr", {}, ["No.", "Series", "Modality", "Images"].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, list.map((s) => el("tr", {},
      el("td", { className: "num" }, String(s.number)),
      el("td", {}, s.description || "no description"),
      el("td", {}, s.modality || ""),
      el("td", { className: "num" }, String(s.images))))))));

export const revisions = (list, now) => section("revisions", "Revisions",
  el("ol", {}, list.map((v) => el("li", { data: { state: v.state } },
    el("p", {}, el("b", {}, `Revision ${v.revision}`), when(v.created, now), pill(v.state, v.stateText)),
    el("p", {}, v.sentence),
    el("p", { className: "sub" }, [v.pack, `profile ${v.profile}`].filter(Boolean).join(" · "))))));

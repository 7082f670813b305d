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

// candidates explains which series was analysed and why the others were not: facts,
// score, the sentence, and on demand the points of every rule.
export const candidates = (r) => section("candidates", "Series candidates",
  el("div", { className: "wide" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Series", "Slices", "Spacing", "Score", ""].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, r.candidates.map((c) => el("tr", { className: c.chosen ? "chosen" : "" },
      el("td", {}, c.description || "no description", el("span", { className: "sub" }, facts(c))),
      el("td", { className: "num" }, String(c.slices)),
      el("td", { className: "num" }, c.spacingMM ? `${c.spacingMM.toFixed(2)} mm` : "–"),
      el("td", { className: "num" }, excluded(c) ? "–" : c.score.toFixed(1)),
      el("td", {}, verdict(r, c), points(c))))))),
  r.basis ? el("p", { className: "sub" }, r.basis.text) : null,
  r.shearDegrees ? el("p", { className: "sub" }, `Gantry tilt of ${r.shearDegrees.toFixed(1)}° undone.`) : null);

// excluded candidates were never in the running: their points would mislead.
const excluded = (c) => c.reason === "no-eligible-series";

const verdict = (r, c) => (c.chosen ? (r.slices ? "analysed" : "chosen") : c.lost);

const facts = (c) => [
  c.kernel && `kernel ${c.kernel}`,
  c.thicknessMM && `${c.thicknessMM.toFixed(1)} mm thick`,
  c.extentMM && `${c.extentMM.toFixed(0)} mm long`,
  c.fieldMM && `${c.fieldMM.toFixed(0)} mm field`,
  c.tiltDegrees && `tilted ${c.tiltDegrees.toFixed(1)}°`,
].filter(Boolean).join(" · ");

const points = (c) => (excluded(c) || !c.rules.length ? null : el("details", {},
  el("summary", { className: "sub" }, "Points"),
  el("ul", { className: "points sub" }, c.rules.map((p) => el("li", {},
    `${p.rule} `, el("span", { className: "num" }, `${p.points.toFixed(1)} of ${p.of}`))))));

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

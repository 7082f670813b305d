// One study: what the AI says, where, how sure, and what it does not say.
import { banners, chip, el, person, pill, title, wait, when } from "./dom.js";
import { levelPanel } from "./levels.js";
import { candidates, conclusion, limits, received, revisions } from "./sections.js";
import { watch } from "./live.js";

export function showStudy(main, name) {
  // A level that somebody chose stays open over refreshes of the same revision.
  const chosen = { level: null, revision: null };

  function render(data, now) {
    title(data.title);
    banners(data.banners);
    const who = data.study.patient.name || data.study.patient.id || "Study";
    document.title = `${who} – NeckFrac`;
    const r = data.result;
    if (r && chosen.revision !== r.revision) {
      chosen.revision = r.revision;
      chosen.level = r.open || null;
    }
    main.replaceChildren(
      el("nav", { className: "back" }, el("a", { href: "/" }, "← Worklist")),
      head(data, now),
      ...(r && r.levels && r.levels.length ? levelPanel(r, chosen) : []),
      el("div", { className: "sections" },
        el("div", {}, r ? conclusion(r) : null, r && r.candidates.length ? candidates(r) : received(data.series)),
        el("div", {}, r ? limits(r) : null, data.revisions.length ? revisions(data.revisions, now) : null)));
  }

  watch(`/api/v1/studies/${name}`, {
    onData: render,
    onFault: (status) => main.replaceChildren(
      el("nav", { className: "back" }, el("a", { href: "/" }, "← Worklist")),
      el("p", { className: "quiet" }, status === 404 ? "No such study." : "The study can't be read.")),
    onTick: (now) => {
      const running = main.querySelector("[data-wait-from]");
      if (running) running.textContent = wait({ waitFrom: running.dataset.waitFrom }, now);
    },
  });
}

function head(data, now) {
  const s = data.study;
  const r = data.result;
  const facts = [
    ["ID", [s.patient.id, s.patient.issuer && `(${s.patient.issuer})`].filter(Boolean).join(" ")],
    ["Accession", s.accession], ["Acquired", s.started && when(s.started, now)], ["Received", s.received && when(s.received, now)],
    [s.waitTo ? "Result after" : "Waiting", el("span", { data: s.waitTo ? {} : { "wait-from": s.waitFrom || "" } }, wait(s, now))],
    ["Priority", s.priority], ["Images", String(s.images)], ["Profile", s.profile],
  ].filter(([, v]) => v);
  return el("section", { className: "head", data: { state: s.state } },
    el("div", { className: "who" },
      el("h1", {}, s.patient.name || s.patient.id || "Name not known"),
      el("span", { className: "sub" }, [person(s.patient), s.description].filter(Boolean).join(" · ")),
      s.marks.filter((m) => m.kind === "test").map(chip)),
    el("div", { className: "says" },
      el("p", { className: "verdict" }, pill(s.state, s.stateText), el("span", {}, s.sentence)),
      s.gradeSentence ? el("p", {}, `${s.gradeSentence}.`) : null,
      r && r.action ? el("p", { className: "action" }, r.action) : null,
      s.updateText ? el("p", { className: "update" }, s.updateText) : null,
      ["flagged", "not-analysed", "withdrawn"].includes(s.state) ? null : el("p", { className: "sub" }, data.readStatus)),
    el("dl", { className: "facts" }, facts.map(([k, v]) => el("div", {}, el("dt", {}, k), el("dd", {}, v)))));
}

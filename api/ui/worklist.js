// The worklist: flagged first, then the newest, as the API sorts it.
import { banners, chip, el, person, pill, title, wait, when } from "./dom.js";
import { watch } from "./live.js";

const pageSize = 50;

export function showWorklist(main) {
  const offset = Math.max(0, Number(new URLSearchParams(location.search).get("from")) || 0);
  let filter = "";
  let last = null;
  let rows = [];

  function render(data, now) {
    last = [data, now];
    title(data.title);
    banners(data.banners);
    document.title = `${data.counts.flagged} flagged – NeckFrac`;
    if (filter && !data.counts[filter]) filter = "";
    const shown = data.studies.filter((r) => !filter || r.state === filter);
    rows = shown.map((r) => row(r, now));
    const focused = document.activeElement?.dataset?.key;
    main.replaceChildren(
      counts(data, filter, (f) => { filter = f; render(...last); }),
      shown.length ? table(rows) : el("p", { className: "quiet" }, data.total ? "No study in this state on this page." : "No study has been received yet."),
      pager(data));
    if (focused) main.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  watch(`/api/v1/studies?limit=${pageSize}&offset=${offset}`, {
    onData: render,
    onFault: () => main.replaceChildren(el("p", { className: "quiet" }, "The worklist can't be read.")),
    onTick: (now) => rows.forEach((r) => r.tick(now)),
  });
}

function counts(data, filter, choose) {
  const button = (state, text, n) => el("button", {
    type: "button", className: "count", data: { state, key: `count-${state}` }, aria: { pressed: filter === state },
    onclick: () => choose(filter === state ? "" : state),
  }, el("b", {}, String(n)), ` ${text}`);
  const states = Object.entries(data.counts).filter(([, n]) => n > 0);
  const order = ["flagged", "overdue", "indeterminate", "not-analysed", "not-flagged", "withdrawn", "running", "waiting", "received"];
  states.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  return el("div", { className: "counts", role: "group", aria: { label: "Studies by state" } },
    button("", data.more ? "newest studies" : data.total === 1 ? "study" : "studies", data.total),
    states.map(([s, n]) => button(s, s.replaceAll("-", " "), n)));
}

function table(rows) {
  const head = ["State", "Patient", "Study", "Result", "Received", "Wait"];
  return el("table", { className: "worklist" },
    el("caption", { className: "hidden" }, "Worklist"),
    el("thead", {}, el("tr", {}, head.map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, rows.map((r) => r.node)));
}

function row(r, now) {
  const cell = (name, ...children) => el("td", { className: `c-${name}` }, ...children);
  const href = `/studies/${encodeURIComponent(r.id)}`;
  const waited = el("span", { className: "num" }, wait(r, now));
  const link = el("a", { href, data: { key: r.id } }, r.patient.name || r.patient.id || "Name not known");
  const node = el("tr", { data: { state: r.state } },
    cell("state", pill(r.state, r.stateText), r.update ? pill(r.update, r.update) : null,
      r.priority && r.priority !== "routine" ? el("span", { className: "priority" }, r.priority) : null),
    cell("patient", link, el("span", { className: "sub" }, [r.patient.id, person(r.patient)].filter(Boolean).join(" · ")),
      r.marks.filter((m) => m.kind !== "synthetic").map(chip)),
    cell("study", r.description || "CT", el("span", { className: "sub" },
      [r.accession, `${r.images} images`, r.from].filter(Boolean).join(" · "))),
    cell("result", el("span", { className: "sentence" }, r.sentence),
      r.gradeSentence ? el("span", { className: "sub" }, r.gradeSentence) : null,
      r.updateText ? el("span", { className: "sub" }, r.updateText) : null,
      r.marks.filter((m) => m.kind === "synthetic").map(chip)),
    cell("received", when(r.received, now)),
    cell("wait", waited));
  // The whole row opens the study; the link stays the one that is focused and read.
  node.addEventListener("click", (e) => {
    if (!e.target.closest("a") && !String(getSelection())) location.assign(href);
  });
  return { node, tick: (t) => { if (!r.waitTo) waited.textContent = wait(r, t); } };
}

function pager(data) {
  const link = (from, text) => el("a", { href: from ? `/?from=${from}` : "/" }, text);
  const end = Math.min(data.offset + data.limit, data.total);
  if (data.total <= data.limit && !data.offset) return el("p", { className: "pager" }, data.more ? "Older studies are not listed." : "");
  return el("nav", { className: "pager", aria: { label: "Pages" } },
    data.offset > 0 ? link(Math.max(0, data.offset - data.limit), "← newer") : null,
    el("span", {}, `${Math.min(data.offset + 1, data.total)}–${end} of ${data.total}`),
    end < data.total ? link(end, "older →") : null,
    data.more ? el("span", { className: "sub" }, "Older studies are not listed.") : null);
}

// Elements and times. Strings become text nodes, never markup.

// el makes an element: properties are set by name, "data" and "aria" maps become
// attributes, null children are skipped.
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name === "data" || name === "aria") {
      for (const [k, v] of Object.entries(value)) node.setAttribute(`${name}-${k}`, String(v));
    } else if (name === "vars") {
      for (const [k, v] of Object.entries(value)) node.style.setProperty(`--${k}`, String(v));
    } else if (name in node) {
      node[name] = value;
    } else {
      node.setAttribute(name, String(value));
    }
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return node;
}

export const pill = (state, text) => el("span", { className: "pill", data: { state } }, text);

export const chip = (banner) => el("span", { className: "chip", data: { kind: banner.kind } }, banner.text);

export function banners(list) {
  document.getElementById("banners").replaceChildren(
    ...list.map((b) => el("p", { className: "banner", data: { kind: b.kind } }, b.text)));
}

export function title(text) {
  document.getElementById("title").textContent = text;
}

// Times come in the site's zone and are shown in it, whatever the browser's is.
const offsetMinutes = (iso) => {
  const m = iso.match(/([+-])(\d\d):(\d\d)$/);
  return m ? (m[1] === "-" ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) : 0;
};

// clock is "14:32", with the date before it where it is not the site's today.
export function clock(iso, nowMs) {
  if (!iso) return "";
  const today = new Date(nowMs + offsetMinutes(iso) * 60000).toISOString().slice(0, 10);
  const time = iso.slice(11, 16);
  return iso.slice(0, 10) === today ? time : `${iso.slice(0, 10)} ${time}`;
}

export function when(iso, nowMs) {
  return iso ? el("time", { dateTime: iso, title: iso.slice(0, 19).replace("T", " ") }, clock(iso, nowMs)) : "";
}

// span is a duration in the two largest units.
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min ${String(s % 60).padStart(2, "0")} s`;
  const h = Math.floor(m / 60);
  if (h < 48) return `${h} h ${String(m % 60).padStart(2, "0")} min`;
  return `${Math.floor(h / 24)} d`;
}

export function wait(row, nowMs) {
  if (!row.waitFrom) return "";
  return span((row.waitTo ? Date.parse(row.waitTo) : nowMs) - Date.parse(row.waitFrom));
}

export function person(p) {
  return [p.sex, p.ageYears === undefined ? null : `${p.ageYears} y`, p.birthDate && `born ${p.birthDate}`]
    .filter(Boolean).join(" · ");
}

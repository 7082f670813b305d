// Asking again and again, and saying when the answer is old.

const period = 2000;
const patience = 8000;

// watch asks url every two seconds while the page is visible. onData gets the newest
// answer and the server's clock; onFault gets the status of an answer that is none.
export function watch(url, { onData, onFault, onTick }) {
  let tag = null;
  let skew = 0;
  let lastAnswer = null;
  let timer = null;
  let busy = false;
  const now = () => Date.now() + skew;

  async function ask() {
    const stop = new AbortController();
    const limit = setTimeout(() => stop.abort(), patience);
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(url, { headers, cache: "no-store", signal: stop.signal });
      const date = Date.parse(answer.headers.get("Date"));
      if (date) skew = date - Date.now();
      if (answer.status !== 304 && !answer.ok) {
        tag = null;
        if (answer.status < 500) onFault(answer.status);
        tell(answer.status < 500);
        return;
      }
      if (answer.status !== 304) {
        const data = await answer.json();
        tag = answer.headers.get("ETag");
        onData(data, now());
      }
      tell(true);
    } catch {
      tell(false);
    } finally {
      clearTimeout(limit);
    }
  }

  function tell(answered) {
    const live = document.getElementById("live");
    if (answered) lastAnswer = Date.now();
    live.dataset.state = answered ? "on" : "off";
    const since = lastAnswer ? new Date(lastAnswer).toTimeString().slice(0, 8) : null;
    const text = answered ? "live" : since ? `no answer since ${since}` : "no answer";
    if (live.textContent !== text) live.textContent = text;
    document.body.classList.toggle("stale", !answered);
  }

  async function round() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    await ask();
    if (onTick) onTick(now());
    busy = false;
    if (!document.hidden) timer = setTimeout(round, period);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) round();
  });
  round();
}

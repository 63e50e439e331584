// The page: sends, shows what arrives, and beside it what the server says it did. What comes is shown as text only.

import { Reception } from "./reception.js";
import { arrivals } from "./sse.js";

const KNOBS = ["tokens", "ttft_ms", "itl_ms", "fault"];
const FIELDS = ["prompt", ...KNOBS, "knobs"];
const POLL_MS = 250;
const PATIENCE_MS = 2000;
const DRAW_MS = 100;
const BARS = 64;

const el = (id) => document.getElementById(id);
const form = el("form");
const field = (name) => form.elements.namedItem(name);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const time = (ms) => (ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`);
const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

// --- the stream

let leaving = null; // aborts the stream
let watching = null; // aborts the polls of the truth

async function send() {
    watching?.abort();
    const stream = (leaving = new AbortController());
    watching = new AbortController();
    const got = new Reception();
    el("answer").replaceChildren();
    draw(got);
    showRecord({});
    say("waiting", "Waiting for the server…");
    busy(true);
    try {
        const response = await fetch("v1/chat/completions", request(stream.signal));
        got.answered = true;
        const id = response.headers.get("X-Mock-Id");
        if (id) follow(id, got, watching.signal);
        const type = response.headers.get("Content-Type") ?? "nothing";
        if (!response.ok) say("refused", await refusal(response));
        else if (!type.startsWith("text/event-stream")) say("refused", `The server sent ${type}, not an event stream.`);
        else await receive(response.body, got);
    } catch (error) {
        const left = got.answered ? "" : " before the server answered";
        if (stream.signal.aborted) say("stopped", `Stopped by you${left}.`);
        else if (got.answered) say("truncated", `Truncated: the connection broke (${error.message}).`);
        else say("refused", `The server could not be reached (${error.message}).`);
    }
    got.over = true;
    draw(got);
    busy(false);
}

function request(signal) {
    const body = {
        model: "mock",
        messages: [{ role: "user", content: field("prompt").value }],
        stream: true,
        stream_options: { include_usage: true },
    };
    const headers = { "Content-Type": "application/json", "X-Mock": knobs() };
    return { method: "POST", headers, body: JSON.stringify(body), signal };
}

/** The fields that are filled in; an empty one stands for the server's default. */
function knobs() {
    const filled = KNOBS.filter((name) => field(name).value.trim());
    const said = filled.map((name) => `${name}=${encodeURIComponent(field(name).value.trim())}`);
    // Written by hand, with its own escapes; but a header holds ASCII only.
    const more = field("knobs").value.trim().replace(/[^\x20-\x7e]+/gu, (text) => encodeURIComponent(text));
    return [...said, more].filter(Boolean).join(",");
}

async function receive(body, got) {
    say("streaming", "Streaming…");
    const box = el("answer");
    let drawing = 0;
    for await (const { at: when, events } of arrivals(body)) {
        const text = got.take(when, events);
        const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
        if (text) box.append(text); // a text node
        if (atEnd) box.scrollTop = box.scrollHeight;
        drawing ||= setTimeout(() => {
            drawing = 0;
            if (!got.over) draw(got);
        }, DRAW_MS);
    }
    say(...got.ending());
}

async function refusal(response) {
    const said = await response.json().then((body) => body.error.message, () => response.statusText);
    const after = response.headers.get("Retry-After");
    return `Refused with ${response.status}: ${said}${after ? ` Retry after ${after} s.` : ""}`;
}

// --- the truth

/** Polls the record while it is running or the stream goes on, and once more. */
async function follow(id, got, signal) {
    let state = "running";
    while (!signal.aborted) {
        const last = got.over && state !== "running";
        const told = await ask(id, signal);
        if (last && told) return;
        state = told ?? state;
        await pause(POLL_MS);
    }
}

/** One poll; gives the record's state, or null if there was no answer. Some modes freeze the server for a while. */
async function ask(id, signal) {
    try {
        const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
        const response = await fetch(`_truth/${encodeURIComponent(id)}`, { signal: within });
        const record = await response.json();
        if (signal.aborted) return null;
        showRecord(response.ok ? record : { id, state: record.error.message });
        return response.ok ? record.state : "lost";
    } catch {
        if (!signal.aborted) el("truth-state").textContent = "the server does not answer";
        return null;
    }
}

function showRecord(record) {
    const shown = {
        "truth-id": record.id,
        "truth-state": record.state,
        "truth-planned": record.planned_tokens,
        "truth-generated": record.generated_tokens,
        "truth-sent": record.sent_tokens,
        "truth-after": record.tokens_after_disconnect,
    };
    for (const [id, value] of Object.entries(shown)) el(id).textContent = value ?? "–";
    el("truth-after").dataset.leaks = record.tokens_after_disconnect > 0;
    el("verdict").textContent = verdict(record);
}

function verdict(record) {
    const { disconnected_at_ms: disconnected, stopped_at_ms: stopped, tokens_after_disconnect: after, state } = record;
    if (disconnected == null) return "";
    const since = `The client disconnected after ${time(disconnected)}.`;
    if (state === "running") return `${since} Tokens generated since: ${after}.`;
    const end = state === "completed" ? "ran to its end" : "ended";
    return `${since} Generation ${end}, ${time(stopped - disconnected)} and ${count(after, "token")} later.`;
}

// --- what is seen

function say(ending, sentence) {
    el("state").dataset.ending = ending;
    el("state").textContent = sentence;
}

function busy(streaming) {
    const [from, to] = streaming ? ["send", "stop"] : ["stop", "send"];
    const focused = document.activeElement === el(from);
    el(to).disabled = false;
    if (focused) el(to).focus(); // a button that is disabled would drop it
    el(from).disabled = true;
    el("answer").ariaBusy = streaming; // read out when it is whole, not word by word
}

function draw(got) {
    const { gaps } = got;
    const sorted = Float64Array.from(gaps).sort();
    const [p50, max] = [sorted[sorted.length >> 1], sorted.at(-1)];
    el("tokens").textContent = got.tokens;
    el("usage").textContent = got.usage ?? "–";
    el("ttft").textContent = got.ttft === null ? "–" : time(got.ttft);
    el("gaps").textContent = gaps.length ? `p50 ${time(p50)}, max ${time(max)}` : "–";
    const recent = gaps.slice(-BARS);
    const full = Math.max(2 * p50, ...recent); // a steady stream stands at half the height
    const bars = recent.map((gap) => {
        const bar = document.createElement("i");
        bar.style.height = `${Math.max(2, (100 * gap) / (full || 1))}%`;
        return bar;
    });
    el("bars").replaceChildren(...bars);
}

// --- what is done

form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!el("send").disabled) send();
});
el("stop").addEventListener("click", () => leaving?.abort());
// A page that is left is kept for the way back, its stream with it: Chromium lets that run for a minute.
addEventListener("pagehide", () => leaving?.abort());

const query = new URLSearchParams(location.search);
for (const name of FIELDS) if (query.has(name)) field(name).value = query.get(name);
if (query.get("go") === "1") form.requestSubmit();

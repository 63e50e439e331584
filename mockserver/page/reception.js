// A chat completion as it arrives: its text, its gaps, and how it ended.

/** What has arrived of one stream. */
export class Reception {
    sent = performance.now();
    answered = false;
    over = false;
    tokens = 0;
    gaps = [];
    ttft = null;
    usage = null;
    #last = null;
    #finish = null;
    #done = false;
    #error = null;
    #unreadable = 0;

    /** Takes the events of one read; gives their text. */
    take(when, events) {
        return events.map((data) => this.#event(data, when)).join("");
    }

    #event(data, when) {
        if (data === "[DONE]") {
            this.#done = true;
            return "";
        }
        let payload;
        try {
            payload = JSON.parse(data);
        } catch {
            this.#unreadable += 1;
            return "";
        }
        if (payload?.error) this.#error ??= payload.error.message ?? payload.error;
        this.usage = payload?.usage?.completion_tokens ?? this.usage;
        const choice = payload?.choices?.[0];
        this.#finish = choice?.finish_reason ?? this.#finish;
        const text = choice?.delta?.content;
        if (typeof text !== "string" || text === "") return "";
        this.tokens += 1;
        if (this.#last === null) this.ttft = when - this.sent;
        else this.gaps.push(when - this.#last);
        this.#last = when;
        return text;
    }

    /** How the body's end is to be called, and why. */
    ending() {
        const [ending, why] = this.#ending();
        return [ending, why + (this.#unreadable ? ` Events without JSON: ${this.#unreadable}.` : "")];
    }

    #ending() {
        if (this.#error !== null) {
            const said = typeof this.#error === "string" ? this.#error : JSON.stringify(this.#error);
            return ["error", `Error in the stream: ${said}`];
        }
        if (this.#finish && this.#done) return ["complete", `Complete: finish_reason ${this.#finish}, then [DONE].`];
        if (this.#done) return ["truncated", "Truncated: [DONE] came, but no finish_reason before it."];
        if (this.#finish) return ["truncated", `Truncated: finish_reason ${this.#finish}, but [DONE] never came.`];
        return ["truncated", "Truncated: the body ended without finish_reason and [DONE]."];
    }
}

// Server-sent events out of a body, by WHATWG HTML 9.2.6. Only their data is kept: the API says nothing elsewhere.

class Parser {
    #rest = ""; // of a line whose end has not come
    #afterCr = false;
    #data = [];

    /** The data of each event that this piece of text completes. */
    feed(text) {
        if (!text) return [];
        // A CR ends its line at once; an LF right behind it belongs to it, even in the next piece.
        if (this.#afterCr && text[0] === "\n") text = text.slice(1);
        this.#afterCr = text.endsWith("\r");
        const lines = (this.#rest + text).split(/\r\n|\r|\n/);
        this.#rest = lines.pop();
        return lines.map((line) => this.#line(line)).filter((data) => data !== null);
    }

    #line(line) {
        if (line === "") {
            const lines = this.#data;
            this.#data = [];
            return lines.length ? lines.join("\n") : null;
        }
        const colon = line.indexOf(":"); // at 0: a comment, a field without a name
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "data") this.#data.push(value);
        return null;
    }
}

/** For each read of a body: when it was (`at`), and the data of the events that it completed (`events`). */
export async function* arrivals(body) {
    const decoder = new TextDecoder(); // takes off a leading byte order mark, as it should
    const parser = new Parser();
    const reader = body.getReader();
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return; // an event without its blank line is none
        yield { at: performance.now(), events: parser.feed(decoder.decode(value, { stream: true })) };
    }
}

import type { CallEvent } from "../../core/event.js";
import type { RunningApp } from "./running-app.js";

/** One block of a stream. */
export interface Block {
	id?: string;
	event?: string;
	data?: string;
	/** A comment. */
	""?: string;
}

/** Reads server-sent events as a browser does. */
export class Stream {
	readonly blocks: Block[] = [];
	isOver = false;
	readonly #abort = new AbortController();

	static async open(
		{ url }: Pick<RunningApp, "url">,
		path: string,
		headers: Record<string, string>,
	): Promise<Stream> {
		const stream = new Stream();
		const { signal } = stream.#abort;
		const answer = await fetch(url + path, { headers, signal });
		if (answer.status !== 200) throw new Error(await answer.text());
		void stream.#read(answer);
		return stream;
	}

	close(): void {
		this.#abort.abort();
	}

	/** What EventSource would send when it comes back. */
	get lastId(): string {
		return this.blocks.findLast(({ id }) => id)?.id ?? "";
	}

	get events(): CallEvent[] {
		return this.blocks
			.filter(({ event = "stream.", id }) => !event.startsWith("stream.") && id)
			.map(({ data = "" }) => JSON.parse(data));
	}

	async #read({ body }: Response): Promise<void> {
		let text = "";
		const decoder = new TextDecoder();
		try {
			for await (const chunk of body ?? []) {
				text += decoder.decode(chunk, { stream: true });
				const blocks = text.split("\n\n");
				text = blocks.pop() ?? "";
				this.blocks.push(...blocks.map(readBlock));
			}
		} catch {
			// closed here, or there without an end
		}
		this.isOver = true;
	}
}

const readBlock = (text: string): Block =>
	Object.fromEntries(
		text.split("\n").map((line) => {
			const at = line.indexOf(":");
			return [line.slice(0, at), line.slice(at + 2)];
		}),
	);

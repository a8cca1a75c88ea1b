import { parentPort, workerData } from "node:worker_threads";
import { message } from "../core/fault.js";
import { PgliteEngine, type QueryAnswer } from "./pglite-engine.js";
import {
	type ErrorFields,
	OPENING,
	type Reply,
	type Request,
	type WorkerTask,
} from "./pglite-protocol.js";

const port = parentPort;
if (!port) throw new Error("pglite-worker.js runs as a worker thread only");
const task = workerData as WorkerTask; // only PglitePool starts this thread
const nothing: QueryAnswer = { command: "", rowCount: 0, rows: [] };

await reply(OPENING, async () => {
	if (task.create) await PgliteEngine.create(task.folder);
	else serve(await PgliteEngine.open(task.folder));
	return nothing;
});

function serve(engine: PgliteEngine): void {
	port?.on("message", (request: Request) => {
		void reply(request.id, async () => {
			if ("sql" in request)
				return engine.query(request.sql, request.parameters);
			await engine.close();
			return nothing;
		});
	});
}

async function reply(id: number, work: () => Promise<QueryAnswer>) {
	let outcome: Reply;
	try {
		outcome = { id, answer: await work() };
	} catch (error) {
		outcome = { id, error: errorFields(error) };
	}
	port?.postMessage(outcome);
}

function errorFields(error: unknown): ErrorFields {
	// PostgreSQL's errors carry both as strings; what else is thrown carries neither.
	const { code, constraint } = error as { code?: string; constraint?: string };
	return {
		message: message(error),
		...(code && { code }),
		...(constraint && { constraint }),
	};
}

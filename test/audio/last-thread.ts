import { Worker } from "node:worker_threads";

let last: Worker | undefined;
// A method of any worker, called with that worker as `this`.
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (this: Worker, ...message) {
	last = this;
	postMessage.apply(this, message);
};

/** Ends the thread that was sent a message last: from outside it cannot be reached otherwise. */
export async function killLastThread(): Promise<void> {
	await last?.terminate();
}

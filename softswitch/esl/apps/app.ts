import type { Channel } from "../channel.js";
import type { Engine } from "../engine.js";

interface AppCall {
	engine: Engine;
	channel: Channel;
	/** The argument, variables filled in. */
	data: string;
}

/** One application; returns nothing when it is done at once. Throws AppError or NotEmulated when it cannot do what it was asked. */
export type App = (call: AppCall) => void | Promise<void>;

/** An argument that cannot be used; the words go into Application-Response after `-ERR`. */
export class AppError extends Error {
	override readonly name = "AppError";
}

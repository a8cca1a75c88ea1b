import { type App, AppError, apps } from "./apps/apps.js";
import type { Channel } from "./channel.js";
import { type Engine, publish } from "./engine.js";
import { completeMain, hangup } from "./hangup.js";
import { expand, NotEmulated } from "./variables.js";

export interface Execution {
	app: string;
	data: string;
	/** Comes back as Application-UUID. */
	uuid: string;
}

/**
 * Runs an application on a channel, at once and on top of those that run there already (switch_core_session_exec).
 * What cannot be done is answered by a CHANNEL_EXECUTE_COMPLETE whose Application-Response begins with `-ERR`.
 */
export function execute(
	engine: Engine,
	channel: Channel,
	execution: Execution,
): void {
	channel.whenPolling(() => {
		if (!channel.isDown) start(engine, channel, execution);
	});
}

function start(engine: Engine, channel: Channel, execution: Execution): void {
	const { variables } = channel;
	channel.applicationBegins();
	let fault: unknown = null;
	let data = execution.data;
	try {
		data = expand(execution.data, variables);
	} catch (error) {
		fault = error;
	}
	variables.set("current_loop", 1);
	variables.set("total_loops", 1);
	variables.set("current_application", execution.app);
	variables.set("current_application_data", data);
	variables.set("current_application_response", null);
	publish(engine, channel, "CHANNEL_EXECUTE", {
		...about(execution.app, data),
		"Application-UUID": execution.uuid,
	});
	const complete = (error: unknown) =>
		finish(engine, channel, execution, data, error);
	try {
		if (fault) throw fault;
		const running = appOf(execution.app)({ engine, channel, data });
		if (running instanceof Promise)
			running.then(() => complete(null), complete);
		else complete(null);
	} catch (error) {
		complete(error);
	}
}

function appOf(name: string): App {
	const app = Object.hasOwn(apps, name) ? apps[name] : undefined;
	if (!app) throw new NotEmulated(`${name} is`);
	return app;
}

function finish(
	engine: Engine,
	channel: Channel,
	execution: Execution,
	data: string,
	error: unknown,
): void {
	const { variables } = channel;
	if (error)
		variables.set(
			"current_application_response",
			failure(engine, execution.app, error),
		);
	const { app, uuid } = execution;
	publish(engine, channel, "CHANNEL_EXECUTE_COMPLETE", {
		...about(app, data),
		"Application-Response":
			variables.get("current_application_response") ?? "_none_",
		"Application-UUID": uuid,
	});
	variables.set("current_loop", null);
	variables.set("total_loops", null);
	channel.applicationEnds();
	endIfAbandoned(engine, channel);
}

function failure(engine: Engine, app: string, error: unknown): string {
	const expected = error instanceof NotEmulated || error instanceof AppError;
	if (expected)
		engine.log.warn({ app, why: error.message }, "application refused");
	else engine.log.error({ app, error }, "application failed");
	return `-ERR ${expected ? error.message : "internal error"}`;
}

function about(app: string, data: string): Record<string, string> {
	return { Application: app, ...(data && { "Application-Data": data }) };
}

/** Without its event socket a parked channel has nothing left to do (mod_event_socket.c: CF_CONTROLLED). */
export function endIfAbandoned(engine: Engine, channel: Channel): void {
	if (channel.isControlled || channel.isDown || channel.depth > 0) return;
	if (!channel.main || channel.transition !== null) return;
	completeMain(engine, channel);
	hangup(engine, channel, "NORMAL_CLEARING");
}

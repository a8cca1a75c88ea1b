import type { Channel } from "../channel.js";
import { expand } from "../variables.js";
import { type App, AppError } from "./app.js";

/** `name=value`; the value is filled a second time, as FreeSWITCH does (mod_dptools.c: base_set). */
function assign({ variables }: Channel, text: string): string {
	const equals = text.indexOf("=");
	const name = equals < 0 ? text : text.slice(0, equals);
	if (name.trim() === "") throw new AppError("no variable name specified");
	const value = equals < 0 ? "" : text.slice(equals + 1);
	variables.set(name, expand(value, variables));
	return name;
}

export const set: App = ({ channel, data }) => {
	assign(channel, data);
};

/** Several, divided by spaces or by the character after `^^`. */
export const multiset: App = ({ channel, data }) => {
	const isDelimited = data.startsWith("^^");
	const delimiter = isDelimited ? data.charAt(2) : " ";
	const list = isDelimited ? data.slice(3) : data;
	for (const one of list.split(delimiter)) if (one !== "") assign(channel, one);
};

export const unset: App = ({ channel, data }) => {
	channel.variables.set(data.trim(), null);
};

/** `set`, and the name joins those that FreeSWITCH would copy to a new leg. */
export const exportVariable: App = ({ channel, data }) => {
	const text = data.replace(/^(?:nolocal|_nolocal_):/i, "");
	const name = assign(channel, text);
	const { variables } = channel;
	const known = variables.get("export_vars")?.split(",") ?? [];
	if (!known.includes(name))
		variables.set("export_vars", [...known, name].join(","));
};

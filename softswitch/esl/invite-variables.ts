import type { SipRequest } from "../sip/message.js";
import { uriOf } from "../sip/name-addr.js";
import { type Endpoint, parseUri } from "../sip/uri.js";
import type { Channel } from "./channel.js";
import { PROFILE } from "./status.js";

/** The variables that mod_sofia makes of an INVITE, as far as applications read them. */
export function inviteVariables(
	{ variables, name, uuid }: Channel,
	request: SipRequest,
	source: Endpoint,
	own: { host: string; port: number },
): void {
	const { headers } = request;
	variables.note("direction", "inbound");
	variables.set("uuid", uuid);
	variables.set("call_uuid", uuid);
	variables.set("channel_name", name);
	variables.note("sofia_profile_name", PROFILE);
	variables.note("sofia_profile_url", `sip:mod_sofia@${own.host}:${own.port}`);
	variables.note("sip_network_ip", source.host);
	variables.note("sip_network_port", source.port);
	variables.note("sip_via_protocol", source.transport);
	variables.set("sip_user_agent", headers.get("user-agent") ?? null);
	variables.set("sip_call_id", request.callId);
	variables.note("sip_cseq", request.cseq.number);
	variables.note("sip_from_tag", request.fromTag);
	const uris = {
		from: uriOf(headers.get("from") ?? ""),
		to: uriOf(headers.get("to") ?? ""),
		req: request.uri,
		contact: uriOf(headers.get("contact") ?? ""),
	};
	for (const [which, uri] of Object.entries(uris)) {
		const parts = parseUri(uri);
		if (!parts) continue;
		const user = parts.user || "nobody";
		const place = parts.port ? `${parts.host}:${parts.port}` : parts.host;
		variables.note(`sip_${which}_user`, user);
		variables.note(`sip_${which}_host`, parts.host);
		variables.note(`sip_${which}_port`, parts.port ?? null);
		variables.note(`sip_${which}_uri`, `${user}@${place}`);
	}
	for (const { key, name: header, value } of headers)
		if (key.startsWith("x-")) variables.set(`sip_h_${header}`, value);
}

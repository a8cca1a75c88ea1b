import { hangupFromWithin } from "../hangup.js";
import { setMute } from "../mute.js";
import { sendDigits } from "../send-digits.js";
import { type App, AppError } from "./app.js";
import { playAndGetDigits } from "./collect.js";
import { playback, stopsOnTerminator, wait } from "./play.js";
import { record } from "./record.js";
import { recordSession, stopRecordSession } from "./record-session.js";
import { exportVariable, multiset, set, unset } from "./set.js";
import { speak } from "./speak.js";

export { type App, AppError } from "./app.js";

const answer: App = () => {};

const hangup: App = ({ engine, channel, data }) => {
	hangupFromWithin(engine, channel, data || "NORMAL_CLEARING");
};

/** Digits are dropped; only a hang-up or a transfer ends it. */
const park: App = async ({ engine, channel }) => {
	await wait(engine, channel, null, {
		ignoresBreak: true,
		onDigit: () => false,
	});
};

/** A digit ends it, unless sleep_eat_digits is set (mod_dptools.c: sleep_function). */
const sleep: App = async ({ engine, channel, data }) => {
	const milliseconds = Math.max(0, Number.parseInt(data, 10) || 0);
	const eats = channel.variables.isTrue("sleep_eat_digits");
	const onDigit = eats ? stopsOnTerminator(channel) : () => true;
	await wait(engine, channel, milliseconds, { onDigit });
};

const sendDtmf: App = ({ engine, channel, data }) => {
	if (!sendDigits(engine, channel, data)) throw new AppError("no digits");
};

const mute: App = ({ channel, data }) => {
	const [side = "", level = ""] = data.split(" ");
	if (!setMute(channel, side, level))
		throw new AppError("usage: read|write true|false");
};

const detectDigits =
	(on: boolean): App =>
	({ channel }) =>
		channel.stream.detectDigits(on);

/** What `execute` can run; everything else fails loudly. */
export const apps: Readonly<Record<string, App>> = {
	answer,
	export: exportVariable,
	hangup,
	multiset,
	park,
	play_and_get_digits: playAndGetDigits,
	playback,
	record,
	record_session: recordSession,
	send_dtmf: sendDtmf,
	set,
	set_mute: mute,
	sleep,
	speak,
	start_dtmf: detectDigits(true),
	stop_dtmf: detectDigits(false),
	stop_record_session: stopRecordSession,
	unset,
};

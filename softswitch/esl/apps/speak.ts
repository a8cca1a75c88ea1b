import { AudioError } from "../../../audio/audio-error.js";
import { isVoice } from "../../../audio/speech.js";
import type { Source } from "../../rtp/media.js";
import { NotEmulated } from "../variables.js";
import { type App, AppError } from "./app.js";
import { play, stopsOnTerminator } from "./play.js";

/** `engine|voice|text`; engine and voice may come from tts_engine and tts_voice (mod_dptools.c: speak_function). */
export const speak: App = async ({ engine, channel, data }) => {
	const { variables } = channel;
	const [first = "", second, ...rest] = data.split("|");
	const hasEngine = rest.length > 0;
	const named = hasEngine ? first : variables.get("tts_engine");
	const voice = hasEngine
		? (second ?? "")
		: second === undefined
			? variables.get("tts_voice")
			: first;
	const text = hasEngine ? rest.join("|") : (second ?? first);
	if (named !== "flite")
		throw new NotEmulated(`the speech engine "${named ?? ""}" is`);
	if (voice === undefined || !isVoice(voice))
		throw new AppError(`no voice "${voice ?? ""}"`);
	variables.set("playback_terminator_used", null);
	let source: Source;
	try {
		source = await engine.sounds.speech(text, voice);
	} catch (error) {
		throw error instanceof AudioError ? new AppError(error.message) : error;
	}
	await play(channel, source, { onDigit: stopsOnTerminator(channel) });
};

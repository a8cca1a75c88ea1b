import { useEffect, useRef, useState } from "react";
import WaveSurfer from "wavesurfer.js";
import { recordingLink } from "../answers.js";
import { ask } from "../api.js";
import type { Theme } from "../theme.js";
import type { Marker } from "./markers.js";
import { at, Failure } from "./words.js";

const nonce =
	document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ??
	"";
const CHANNEL_PX = 56;
const MARKER_REM = 1.4;
const ROWS = 3;
/** Parts of the whole. */
const CLOSE = 0.12;

/** What was recorded: above what the callee says, below what it hears; a marker takes the sound to its step. */
export function Recording({
	callId,
	attempts,
	markersOf,
	theme,
}: {
	callId: string;
	/** That have a recording. */
	attempts: readonly number[];
	markersOf(attempt: number): readonly Marker[];
	theme: Theme;
}) {
	const [attempt, setAttempt] = useState(attempts.at(-1) ?? 1);
	return (
		<section aria-labelledby="recording">
			<div className="head">
				<h2 id="recording">Recording</h2>
				{attempts.length > 1 && (
					<label className="check">
						Attempt
						<select
							value={attempt}
							onChange={({ target }) => setAttempt(Number(target.value))}
						>
							{attempts.map((one) => (
								<option key={one}>{one}</option>
							))}
						</select>
					</label>
				)}
			</div>
			<Player
				key={attempt}
				{...{ callId, attempt, theme }}
				markers={markersOf(attempt)}
			/>
		</section>
	);
}

/** One recording: another one is another player, with nothing left of this one. */
function Player({
	callId,
	attempt,
	markers,
	theme,
}: {
	callId: string;
	attempt: number;
	markers: readonly Marker[];
	theme: Theme;
}) {
	const url = `/calls/${callId}/recording?attempt=${attempt}`;
	const place = useRef<HTMLDivElement>(null);
	const player = useRef<WaveSurfer | null>(null);
	const [isPlaying, setPlaying] = useState(false);
	const [durationS, setDuration] = useState(0);
	const [positionS, setPosition] = useState(0);
	const [error, setError] = useState<unknown>(null);
	useEffect(() => {
		if (!place.current) return;
		const wave = waveIn(place.current, url);
		player.current = wave;
		wave.on("ready", setDuration);
		wave.on("timeupdate", setPosition);
		wave.on("play", () => setPlaying(true));
		wave.on("pause", () => setPlaying(false));
		wave.on("error", setError);
		return () => {
			player.current = null;
			wave.destroy();
		};
	}, [url]);
	// biome-ignore lint/correctness/useExhaustiveDependencies: the colours are the theme's; it goes on playing
	useEffect(() => player.current?.setOptions(colours()), [theme]);
	const within = markers.filter(
		({ atS }) => atS >= 0 && (durationS === 0 || atS <= durationS),
	);
	return (
		<>
			<Failure error={error} />
			<div className="wave">
				<div className="markers">
					{durationS > 0 &&
						rowsOf(within, durationS).map(({ atS, stepId, row }) => (
							<button
								key={`${stepId} ${atS}`}
								type="button"
								style={{
									left: `${(100 * atS) / durationS}%`,
									top: `${row * MARKER_REM}rem`,
								}}
								title={`Step ${stepId} begins at ${atS.toFixed(1)} s`}
								onClick={() => player.current?.setTime(atS)}
							>
								{stepId}
							</button>
						))}
				</div>
				<div ref={place} aria-hidden="true" />
			</div>
			<p className="hint">Above: what the callee says. Below: what it hears.</p>
			<div className="fields">
				<button
					type="button"
					onClick={() => player.current?.playPause().catch(setError)}
				>
					{isPlaying ? "Pause" : "Play"}
				</button>
				<span>
					{positionS.toFixed(1)} of {durationS.toFixed(1)} s
				</span>
				<a href={url} download={`${callId}-${attempt}.wav`}>
					Download
				</a>
				<Share {...{ callId, attempt }} />
			</div>
		</>
	);
}

/** Markers that would lie upon each other go one below the other. */
function rowsOf(markers: readonly Marker[], durationS: number) {
	let row = 0;
	let lastS = Number.NEGATIVE_INFINITY;
	return markers.map((marker) => {
		const isClose = (marker.atS - lastS) / durationS < CLOSE;
		row = isClose ? (row + 1) % ROWS : 0;
		lastS = marker.atS;
		return { ...marker, row };
	});
}

const waveIn = (container: HTMLElement, url: string) =>
	WaveSurfer.create({
		...{ container, url, cspNonce: nonce, height: CHANNEL_PX },
		...colours(),
	});

/** The page's, as they are now. */
function colours() {
	const style = getComputedStyle(document.documentElement);
	const colour = (name: string) => style.getPropertyValue(name).trim();
	const progressColor = colour("--accent");
	return {
		...{ cursorColor: colour("--text"), progressColor },
		splitChannels: [
			{ waveColor: colour("--callee"), progressColor },
			{ waveColor: colour("--service"), progressColor },
		],
	};
}

/** An address that opens this recording alone, for an hour, without a token. */
function Share({ callId, attempt }: { callId: string; attempt: number }) {
	const [link, setLink] = useState<{ url: string; expires_at: string } | null>(
		null,
	);
	const [error, setError] = useState<unknown>(null);
	const path = `/calls/${callId}/recording/link`;
	const make = () => {
		ask(path, recordingLink, "POST", { attempt }).then(setLink, setError);
	};
	if (!link)
		return (
			<>
				<button type="button" onClick={make}>
					Make a link
				</button>
				<Failure error={error} />
			</>
		);
	const { href } = new URL(link.url, location.href);
	return <a href={href}>a link for anybody, until {at(link.expires_at)}</a>;
}

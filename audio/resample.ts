/** The telephone network's rate: everything below a call works with it. */
export const TELEPHONE_RATE_HZ = 8000;

/** Zero crossings of the sinc on each side, at the lower of both rates. */
const CROSSINGS = 16;
/** Of the lower Nyquist frequency: leaves the filter room to fall off. */
const PASS_BAND = 0.92;
const KAISER_BETA = 7;
/** Past this many positions between two input samples, the nearest one stands in; the error lies under G.711's own noise. */
const MOST_PHASES = 1024;

/** Windowed-sinc conversion of one channel to 8 kHz; a rate of 8 kHz returns the samples as they are. */
export function resampleToTelephone(
	samples: Int16Array,
	sampleRateHz: number,
): Int16Array {
	if (sampleRateHz === TELEPHONE_RATE_HZ) return samples;
	const divisor = greatestCommonDivisor(sampleRateHz, TELEPHONE_RATE_HZ);
	const up = TELEPHONE_RATE_HZ / divisor;
	const down = sampleRateHz / divisor;
	const phases = Math.min(up, MOST_PHASES);
	const { taps, weights } = filterBank(sampleRateHz, phases);
	const output = new Int16Array(Math.floor((samples.length * up) / down));
	for (let i = 0; i < output.length; i++) {
		const position = i * down;
		const whole = Math.floor(position / up);
		const phase = Math.floor(((position % up) * phases) / up);
		const first = whole - taps / 2 + 1;
		output[i] = weigh(samples, first, weights, phase * taps, taps);
	}
	return output;
}

/** Sum of products, clipped to 16 bits; outside the recording lies silence. */
function weigh(
	samples: Int16Array,
	first: number,
	weights: Float32Array,
	offset: number,
	taps: number,
): number {
	const from = Math.max(0, -first);
	const to = Math.min(taps, samples.length - first);
	let sum = 0;
	for (let k = from; k < to; k++) {
		// `from` and `to` keep both indexes inside their arrays.
		sum += (samples[first + k] as number) * (weights[offset + k] as number);
	}
	return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
}

/** One row of weights for each position between two input samples; each row sums to 1, so that loudness is kept. */
function filterBank(
	sampleRateHz: number,
	phases: number,
): { taps: number; weights: Float32Array } {
	const lower = Math.min(1, TELEPHONE_RATE_HZ / sampleRateHz);
	const half = Math.ceil(CROSSINGS / lower);
	const taps = half * 2;
	const weights = new Float32Array(taps * phases);
	for (let phase = 0; phase < phases; phase++) {
		const row = weights.subarray(phase * taps, (phase + 1) * taps);
		let sum = 0;
		for (let k = 0; k < taps; k++) {
			const distance = k - half + 1 - phase / phases;
			const weight =
				sinc(distance * lower * PASS_BAND) * kaiser(distance / half);
			row[k] = weight;
			sum += weight;
		}
		for (let k = 0; k < taps; k++) row[k] = (row[k] as number) / sum;
	}
	return { taps, weights };
}

const sinc = (x: number): number =>
	x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);

/** Kaiser window over -1 to 1, its scale left out since each row is normalised. */
const kaiser = (x: number): number =>
	Math.abs(x) >= 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - x * x));

/** Modified Bessel function of order zero, by its power series. */
function besselI0(x: number): number {
	let sum = 1;
	let term = 1;
	for (let k = 1; term > sum * 1e-9; k++) {
		term *= (x / (2 * k)) ** 2;
		sum += term;
	}
	return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
	return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

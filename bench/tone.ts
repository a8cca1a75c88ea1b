/** One second of a 440 Hz tone: 8 kHz mono 16-bit wav, as the backend serves it. */
export function toneWav(): Buffer {
	const samples = 8000;
	const wav = Buffer.alloc(44 + samples * 2);
	wav.write("RIFF", 0);
	wav.writeUInt32LE(36 + samples * 2, 4);
	wav.write("WAVEfmt ", 8);
	wav.writeUInt32LE(16, 16);
	wav.writeUInt16LE(1, 20);
	wav.writeUInt16LE(1, 22);
	wav.writeUInt32LE(8000, 24);
	wav.writeUInt32LE(16_000, 28);
	wav.writeUInt16LE(2, 32);
	wav.writeUInt16LE(16, 34);
	wav.write("data", 36);
	wav.writeUInt32LE(samples * 2, 40);
	for (let at = 0; at < samples; at++)
		wav.writeInt16LE(
			Math.round(8000 * Math.sin((2 * Math.PI * 440 * at) / 8000)),
			44 + at * 2,
		);
	return wav;
}

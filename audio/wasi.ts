/** What a WASI preview 1 program asks of its host. */
export type Imports = Record<string, (...parameters: never[]) => number>;

/** Thrown through the program when it calls exit. */
export class ProgramExit extends Error {
	constructor(readonly code: number) {
		super(`exit ${code}`);
	}
}

// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#-errno-variant
const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const NO_ENTRY = 44;
const NOT_SUPPORTED = 58;
const NOT_SEEKABLE = 70;

const FOLDER = 3;
const FILE = 4;
const TYPE_FOLDER = 3;
const TYPE_FILE = 4;
const TYPE_CHARACTERS = 2;
const ALL_RIGHTS = 0xffff_ffff_ffff_ffffn;

/**
 * The host of one run: arguments in, one file out, all of it in memory; no clock, no randomness, no disk, no environment.
 * Node's own node:wasi crashes the process now and then when instances follow each other.
 */
export class MemoryProgram {
	/** Set once the program is instantiated, before it runs. */
	memory: WebAssembly.Memory | undefined;
	/** What it wrote to standard output and error. */
	errors = "";
	readonly #arguments: readonly Buffer[];
	readonly #folder: Buffer;
	#file = Buffer.alloc(1 << 16);
	#length = 0;
	#position = 0;

	constructor(args: readonly string[], folder: string) {
		this.#arguments = args.map((argument) => Buffer.from(`${argument}\0`));
		this.#folder = Buffer.from(`/${folder}`);
	}

	/** What it wrote to the file. */
	get output(): Uint8Array {
		return this.#file.subarray(0, this.#length);
	}

	get imports(): Imports {
		return {
			...this.#argumentImports(),
			...this.#hostImports(),
			...this.#folderImports(),
			...this.#fileImports(),
		};
	}

	get #view(): DataView {
		return new DataView(this.#bytes.buffer);
	}

	/** Made anew at each use: memory that grows leaves older views detached. */
	get #bytes(): Uint8Array {
		return new Uint8Array(this.memory?.buffer ?? new ArrayBuffer(0));
	}

	#argumentImports(): Imports {
		return {
			args_sizes_get: (count: number, size: number) => {
				this.#view.setUint32(count, this.#arguments.length, true);
				const bytes = Buffer.concat(this.#arguments).length;
				this.#view.setUint32(size, bytes, true);
				return SUCCESS;
			},
			args_get: (pointers: number, text: number) => {
				let at = text;
				this.#arguments.forEach((argument, i) => {
					this.#view.setUint32(pointers + i * 4, at, true);
					this.#bytes.set(argument, at);
					at += argument.length;
				});
				return SUCCESS;
			},
			environ_sizes_get: (count: number, size: number) => {
				this.#view.setUint32(count, 0, true);
				this.#view.setUint32(size, 0, true);
				return SUCCESS;
			},
			environ_get: () => SUCCESS,
		};
	}

	#hostImports(): Imports {
		return {
			clock_time_get: (_id: number, _precision: bigint, time: number) => {
				this.#view.setBigUint64(time, 0n, true);
				return SUCCESS;
			},
			clock_res_get: (_id: number, resolution: number) => {
				this.#view.setBigUint64(resolution, 1n, true);
				return SUCCESS;
			},
			random_get: (at: number, length: number) => {
				this.#bytes.fill(0, at, at + length);
				return SUCCESS;
			},
			sched_yield: () => SUCCESS,
			poll_oneoff: () => NOT_SUPPORTED,
			proc_exit: (code: number) => {
				throw new ProgramExit(code);
			},
		};
	}

	#folderImports(): Imports {
		return {
			fd_prestat_get: (descriptor: number, at: number) => {
				if (descriptor !== FOLDER) return BAD_DESCRIPTOR;
				this.#view.setUint32(at, 0, true);
				this.#view.setUint32(at + 4, this.#folder.length, true);
				return SUCCESS;
			},
			fd_prestat_dir_name: (_descriptor: number, at: number) => {
				this.#bytes.set(this.#folder, at);
				return SUCCESS;
			},
			path_open: (...parameters: number[]) => {
				this.#length = 0;
				this.#position = 0;
				// The ninth parameter is where the new descriptor goes.
				this.#view.setUint32(parameters[8] ?? 0, FILE, true);
				return SUCCESS;
			},
			path_filestat_get: () => NO_ENTRY,
			path_unlink_file: () => SUCCESS,
		};
	}

	#fileImports(): Imports {
		return {
			fd_fdstat_get: (descriptor: number, at: number) => {
				const type =
					descriptor === FOLDER
						? TYPE_FOLDER
						: descriptor === FILE
							? TYPE_FILE
							: TYPE_CHARACTERS;
				const view = this.#view;
				view.setUint8(at, type);
				view.setUint16(at + 2, 0, true);
				view.setBigUint64(at + 8, ALL_RIGHTS, true);
				view.setBigUint64(at + 16, ALL_RIGHTS, true);
				return SUCCESS;
			},
			fd_fdstat_set_flags: () => SUCCESS,
			fd_filestat_get: () => BAD_DESCRIPTOR,
			fd_close: () => SUCCESS,
			fd_read: (_fd: number, _list: number, _count: number, out: number) => {
				this.#view.setUint32(out, 0, true);
				return SUCCESS;
			},
			fd_write: (fd: number, list: number, count: number, out: number) =>
				this.#write(fd, list, count, out),
			fd_seek: (fd: number, offset: bigint, whence: number, out: number) => {
				if (fd !== FILE) return NOT_SEEKABLE;
				const base = [0, this.#position, this.#length][whence] ?? 0;
				this.#position = base + Number(offset);
				this.#view.setBigUint64(out, BigInt(this.#position), true);
				return SUCCESS;
			},
			fd_tell: (_fd: number, out: number) => {
				this.#view.setBigUint64(out, BigInt(this.#position), true);
				return SUCCESS;
			},
		};
	}

	#write(fd: number, list: number, count: number, out: number): number {
		let written = 0;
		for (let i = 0; i < count; i++) {
			const at = this.#view.getUint32(list + i * 8, true);
			const length = this.#view.getUint32(list + i * 8 + 4, true);
			const bytes = this.#bytes.subarray(at, at + length);
			if (fd === FILE) this.#append(bytes);
			else this.errors += Buffer.from(bytes).toString("latin1");
			written += length;
		}
		this.#view.setUint32(out, written, true);
		return SUCCESS;
	}

	#append(bytes: Uint8Array): void {
		const end = this.#position + bytes.length;
		if (end > this.#file.length) {
			const larger = Buffer.alloc(Math.max(end, this.#file.length * 2));
			larger.set(this.#file);
			this.#file = larger;
		}
		this.#file.set(bytes, this.#position);
		this.#position = end;
		this.#length = Math.max(this.#length, end);
	}
}

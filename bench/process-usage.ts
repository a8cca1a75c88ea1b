import { readFileSync } from "node:fs";

/** Linux counts CPU time in ticks of 10 ms for every program (USER_HZ). */
const TICK_MS = 10;

/** CPU time of a process and all its threads since it started, milliseconds (proc(5), /proc/pid/stat). */
export function cpuMs(pid: number): number {
	const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
	// the name, field 2, may hold spaces; it ends at the last parenthesis
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

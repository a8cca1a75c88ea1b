import { expect, it } from "vitest";
import { readTraceparent } from "../../core/trace.js";

const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
const of = (flags: string) => `00-${trace}-${span}-${flags}`;

// W3C Trace Context §3.2.2, §3.2.4
it.each<[string | undefined, string | null]>([
	[of("01"), of("01")],
	[of("00"), of("00")],
	// flags that are not known here
	[of("ff"), of("01")],
	[of("0a"), of("00")],
	// a later version may say more, and is read as the first one
	[`cc-${trace}-${span}-01-what-else`, of("01")],
	[`cc-${trace}-${span}-01`, of("01")],
	[`ff-${trace}-${span}-01`, null],
	[`${of("01")}-more`, null],
	[`${of("01")}, ${of("01")}`, null],
	[of("01").toUpperCase(), null],
	[`00-${"0".repeat(32)}-${span}-01`, null],
	[`00-${trace}-${"0".repeat(16)}-01`, null],
	["00-12-34-01", null],
	["", null],
	[undefined, null],
])("reads the header %s as %s", (header, read) => {
	expect(readTraceparent(header)).toBe(read);
});

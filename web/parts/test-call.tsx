import { type FormEvent, useId, useState } from "react";
import { accepted } from "../answers.js";
import { ask } from "../api.js";
import { callAddress } from "../route.js";
import { Failure } from "./words.js";

/** Rings an address with the flow, and shows the call. */
export function TestCall({
	request,
}: {
	/** What POST /call/flow takes. */
	request: Record<string, unknown>;
}) {
	const { flow } = request;
	const [first = {}, ...rest] = Array.isArray(flow) ? flow : [];
	const [number, setNumber] = useState("");
	const [error, setError] = useState<unknown>(null);
	const id = useId();
	const place = (event: FormEvent) => {
		event.preventDefault();
		const entry = number === "" ? first : { ...first, number };
		const body = { ...request, flow: [entry, ...rest] };
		ask("/call/flow", accepted, "POST", body).then((call) => {
			location.hash = callAddress(call.id);
		}, setError);
	};
	return (
		<section aria-labelledby="test-call">
			<h2 id="test-call">Place a test call</h2>
			<form className="fields" onSubmit={place}>
				<div>
					<label htmlFor={id}>Ring this address</label>
					<input
						{...{ id, value: number }}
						placeholder={String(first.number ?? "")}
						aria-describedby={`${id}-hint`}
						onChange={({ target }) => setNumber(target.value.trim())}
					/>
				</div>
				<button type="submit" className="primary">
					Ring
				</button>
			</form>
			<p id={`${id}-hint`} className="hint">
				A number or a sip: address, in place of the flow's own; left empty: as
				the flow says. It rings for real.
			</p>
			<Failure error={error} />
		</section>
	);
}

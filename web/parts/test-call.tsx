import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { accepted } from "../answers.js";
import { ask, newKey } from "../api.js";
import { isRecord, textOf } from "../flow-shape.js";
import { callAddress } from "../route.js";
import { Failure } from "./words.js";

/** Rings an address with the flow, and shows the call. */
export function TestCall({
	request,
	isOff,
}: {
	/** What POST /call/flow takes. */
	request: Record<string, unknown>;
	/** It cannot run as it is. */
	isOff: boolean;
}) {
	const { flow } = request;
	const [head, ...rest]: unknown[] = Array.isArray(flow) ? flow : [];
	const first = isRecord(head) ? head : {};
	const [number, setNumber] = useState("");
	const [error, setError] = useState<unknown>(null);
	const [isBusy, setBusy] = useState(false);
	/** Of the last request: sent again after no answer came, it rings once. */
	const sent = useRef({ body: "", key: "" });
	/** Whoever has left the editor meanwhile is not taken from where they are. */
	const isHere = useRef(false);
	useEffect(() => {
		isHere.current = true;
		return () => {
			isHere.current = false;
		};
	}, []);
	const id = useId();
	const place = async (event: FormEvent) => {
		event.preventDefault();
		if (isBusy || isOff) return;
		setBusy(true);
		setError(null);
		const entry = number === "" ? first : { ...first, number };
		const body = { ...request, flow: [entry, ...rest] };
		const text = JSON.stringify(body);
		if (sent.current.body !== text)
			sent.current = { body: text, key: newKey() };
		try {
			const headers = { "Idempotency-Key": sent.current.key };
			const call = await ask("/call/flow", accepted, "POST", body, headers);
			sent.current = { body: "", key: "" };
			if (isHere.current) location.hash = callAddress(call.id);
		} catch (refused) {
			setError(refused);
		}
		setBusy(false);
	};
	return (
		<section aria-labelledby="test-call">
			<h2 id="test-call">Place a test call</h2>
			<form className="fields" onSubmit={place}>
				<div className="address">
					<label htmlFor={id}>Ring this address</label>
					<input
						{...{ id, value: number }}
						placeholder={textOf(first.number)}
						aria-describedby={`${id}-hint`}
						onChange={({ target }) => setNumber(target.value.trim())}
					/>
				</div>
				<button
					type="submit"
					className="primary"
					aria-disabled={isBusy || isOff}
				>
					Ring
				</button>
			</form>
			<p id={`${id}-hint`} className="hint">
				{isOff
					? "A flow that can run can be rung."
					: "A number or a sip: address, in place of the flow's own; left empty: as the flow says. It rings for real."}
			</p>
			<Failure error={error} />
		</section>
	);
}

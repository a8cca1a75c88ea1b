import { instant } from "../core/clock.js";
import type { CallPatch } from "./store.js";

export type CallPatches = Map<string, ReturnType<typeof patchRow>>;

/** With these the attempt is over, and the row is no longer this instance's. */
export const isOver = (
	patch: { status?: CallPatch["status"] | undefined } | undefined,
) => patch?.status === "ended" || patch?.status === "scheduled";

/**
 * One row a call, later changes over earlier ones: UPDATE … FROM takes an arbitrary one of several. What comes later than the end
 * of the attempt changes nothing, as it would not in a statement of its own.
 */
export function mergedPatches(
	writes: readonly { callId: string; patch: CallPatch }[],
): CallPatches {
	const byCall = new Map<string, CallPatch>();
	for (const { callId, patch } of writes) {
		const earlier = byCall.get(callId) ?? {};
		if (Object.keys(patch).length > 0 && !isOver(earlier))
			byCall.set(callId, { ...earlier, ...patch });
	}
	return new Map(
		Array.from(byCall, ([id, patch]) => [id, patchRow(id, patch)]),
	);
}

function patchRow(id: string, patch: CallPatch) {
	return {
		id,
		status: patch.status,
		attempt: patch.attempt,
		due_at: written(patch.dueAt),
		outcome: patch.outcome,
		reason: patch.reason,
		sip_status: patch.sipStatus,
		q850_cause: patch.q850Cause,
		detail: patch.detail,
		step_id: patch.stepId,
		dialed_at: written(patch.dialedAt),
		answered_at: written(patch.answeredAt),
		ended_at: written(patch.endedAt),
		walked_flow: patch.walked?.flow,
		walked_flow_hash: patch.walked?.flowHash,
		walked_since: patch.walked?.since,
	};
}

/** Without what is not given, which would write over what is. */
export const given = <Row extends object>(row: Row | undefined) =>
	Object.fromEntries(
		Object.entries(row ?? {}).filter(([, value]) => value != null),
	);

const written = (epochMs: number | null | undefined) =>
	epochMs == null ? null : instant(epochMs);

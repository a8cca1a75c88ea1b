import { z } from "zod";

export type JsonSchema = Record<string, unknown>;

/** Zod schemas as JSON Schemas (2020-12); those that have an `id` are named once and referred to. */
export class Schemas {
	readonly named: Record<string, JsonSchema> = {};

	/** `input`: as it is sent, before defaults are filled; `output`: as it is answered. */
	of(schema: z.ZodType, io: "input" | "output"): JsonSchema {
		const { properties, $defs = {} } = z.toJSONSchema(
			// a schema with a name of its own would come without it
			z.object({ it: schema }),
			{ io, unrepresentable: "any", override: (one) => tidy(one, io) },
		);
		for (const [name, json] of Object.entries($defs)) this.#name(name, json);
		return moved(properties?.it ?? {});
	}

	#name(name: string, json: unknown): void {
		const made = moved(json);
		const before = this.named[name];
		if (before && JSON.stringify(before) !== JSON.stringify(made))
			throw new Error(`two schemas have the name ${name}`);
		this.named[name] = made;
	}
}

const moved = (json: unknown): JsonSchema =>
	JSON.parse(
		JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/'),
	);

interface Written {
	zodSchema: z.core.$ZodType;
	jsonSchema: z.core.JSONSchema.BaseSchema;
}

/** Leaves out what says nothing, or what is not so. */
function tidy({ zodSchema, jsonSchema }: Written, io: string): void {
	const { format, maximum, minimum } = jsonSchema;
	if (format === "date-time" || format === "uuid") delete jsonSchema.pattern;
	if (ignoresCase(zodSchema)) delete jsonSchema.pattern;
	if (maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
	if (minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
	// an answer may get new fields
	if (io === "output" && jsonSchema.additionalProperties === false)
		delete jsonSchema.additionalProperties;
}

/** JSON Schema knows no flags of a pattern. */
const ignoresCase = (schema: z.core.$ZodType) =>
	schema instanceof z.ZodString &&
	[...(schema._zod.bag.patterns ?? [])].some((one) => one.ignoreCase);

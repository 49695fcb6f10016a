/** Entry of state.wasm: what JavaScript may call. Kernels import the files themselves. */
export * from "./boundary.as";
export * from "./records.as";

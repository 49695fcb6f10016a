/** Entry of word.wasm: the arithmetic and hash functions alone, for their tests and benchmarks. */
export * from "./u256.as";
export * from "./keccak.as";
export * from "./keccak-memo.as";
export * from "./places.as";
export * from "./word-loops.as";
export * from "./blake2.as";
export * from "./modexp.as";

/** Entry of state-cold.wasm: as state.wasm, for arenas with fewer lines than cells. */
export * from "./index.as";
export { chooseCold, retireChosen } from "./cold.as";

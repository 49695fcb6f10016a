/** Entry of evm.wasm: what JavaScript and the scheduler (scheduler.as.ts) may call. */
export * from "./compiled-api.as";
export { executeSystemCall, executeTransaction, runStep } from "./transaction.as";

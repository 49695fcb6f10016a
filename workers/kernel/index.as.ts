/** Entry of evm.wasm: what JavaScript and the scheduler (scheduler.as.ts) may call. */
export { executeSystemCall, executeTransaction, runStep } from "./transaction.as";

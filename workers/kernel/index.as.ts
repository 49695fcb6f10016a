/** Entry of evm.wasm: what JavaScript may call. */
export { executeSystemCall, executeTransaction } from "./transaction.as";

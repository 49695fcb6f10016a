/** Entry of scheduler.wasm: what the threads of an executor call, and tests step by step. */
export { applyCredits, applyOutcome, staleRead } from "./commit.as";
export { breakOff } from "./scheduler-commit.as";
export { abandon, begun, enter, executed, step, unexecuted, work } from "./scheduler.as";

/**
 * Runs a frame whose code is compiled, up to its end or to the next message that it starts. All
 * that such a frame needs to go on is in its header and stack, so frames nest without native
 * recursion and a compiled one may have interpreted parents and children.
 */
import { endFrame } from "./messages.as";
import {
  F_COMPILED, F_GAS, F_OUT, F_OUT_LENGTH, F_PARENT, M_ABORT, M_NEXT_FRAME, RESULT_ENTERS,
  RESULT_FAILED,
} from "./map";

/** @returns the frame to go on with; 0 where `entry` has ended or the transaction is given up */
export function runCompiled(m: usize, frame: usize, entry: usize): usize {
  const result = call_indirect<u32>(load<u32>(frame, F_COMPILED), m, frame);
  if (result == RESULT_ENTERS) return <usize>load<u32>(m, M_NEXT_FRAME);
  if (result == RESULT_FAILED) {
    if (load<u32>(m, M_ABORT) != 0) return 0;
    endFrame(m, frame, RESULT_FAILED, 0, 0, 0);
  } else {
    const from = <usize>load<u32>(frame, F_OUT);
    endFrame(m, frame, result, load<i64>(frame, F_GAS), from, load<u32>(frame, F_OUT_LENGTH));
  }
  if (frame == entry || load<u32>(m, M_ABORT) != 0) return 0;
  return <usize>load<u32>(frame, F_PARENT);
}

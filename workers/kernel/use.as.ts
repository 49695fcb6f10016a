/**
 * How much gas each code's own frames spend: what tells hot code from cold. Sums only, of what may
 * be lost or spent in vain: a hint for whoever compiles, which decides no result.
 */
import {
  COMPILED_USE, F_COMPILED, F_GIVEN, F_LINE, F_PARENT, M_COMPILED_TABLE, M_GAS_COMPILED,
  M_GAS_INTERPRETED,
} from "./map";

/** For a frame at its end. @param gas  left; what a failure burns counts as spent */
export function countUse(m: usize, frame: usize, gas: i64): void {
  if (load<u32>(m, M_COMPILED_TABLE) == 0) return;
  const spent = <f64>(load<i64>(frame, F_GIVEN) - gas);
  addUse(m, frame, spent);
  const parent = <usize>load<u32>(frame, F_PARENT);
  // The parent's own end counts all that it was given, this included.
  if (parent != 0) addUse(m, parent, -spent);
}

function addUse(m: usize, frame: usize, gas: f64): void {
  const line = <usize>load<u32>(frame, F_LINE);
  if (line != 0) store<f64>(line, load<f64>(line, COMPILED_USE) + gas, COMPILED_USE);
  const sum = m + (load<u32>(frame, F_COMPILED) == 0 ? M_GAS_INTERPRETED : M_GAS_COMPILED);
  store<f64>(sum, load<f64>(sum) + gas);
}

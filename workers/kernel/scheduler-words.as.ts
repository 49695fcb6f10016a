/** The words that the parts of the scheduler share (protocol-map.ts, scheduler-map.ts). */
import { CONTROL_BASE } from "../../state/kernel/map";
import {
  COLUMN_WORDS, COUNTERS_BASE, DEFERRED, DONE, EXECUTED, HEAD, HEAD_SHIFT, LINE_WORDS, LOADED,
  OWNER, SOLO, STATUS, TABLE_AT,
} from "../protocol-map";
import { W_EPOCH, W_HEAD, W_HEAD_STATUS, W_STATE, W_THREAD } from "./scheduler-map";

/** Milliseconds, of any origin; decides how many steps to take at once and nothing else. */
@external("env", "clock")
export declare function clock(): f64;

@inline
export function word(index: i32): usize {
  return <usize>CONTROL_BASE + (<usize>index << 2);
}

@inline
export function field(step: u32, index: i32): usize {
  return <usize>CONTROL_BASE + TABLE_AT + ((<usize>index * COLUMN_WORDS + <usize>step) << 2);
}

@inline
export function go(w: usize, state: u32): void {
  store<u32>(w, state, W_STATE);
}

@inline
export function count(w: usize, counter: i32, by: i32): void {
  const at = word(COUNTERS_BASE + load<u32>(w, W_THREAD) * LINE_WORDS + counter);
  store<i32>(at, load<i32>(at) + by);
}

@inline
export function epochTag(w: usize): u32 {
  return (load<u32>(w, W_EPOCH) << 2) & 0x7ffffffc;
}

@inline
export function headOf(value: i32): u32 {
  return <u32>value >> HEAD_SHIFT;
}

@inline
export function isReady(w: usize): bool {
  const value = atomic.load<i32>(field(load<u32>(w, W_HEAD), STATUS));
  const status = <u32>value - epochTag(w);
  store<u32>(w, status, W_HEAD_STATUS);
  return status == EXECUTED || status == DEFERRED;
}

/** Asked after `isReady`, whose load makes the owner visible. */
@inline
export function isOwn(w: usize): bool {
  return load<u32>(field(load<u32>(w, W_HEAD), OWNER)) == load<u32>(w, W_THREAD);
}

export function wakeAll(): void {
  atomic.store<i32>(word(DONE), 1);
  atomic.notify(word(DONE));
  atomic.notify(word(HEAD));
  atomic.notify(word(LOADED));
  atomic.notify(word(SOLO));
}

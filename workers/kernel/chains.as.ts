/** The slots of an account in the arena, newest first. */
import { keyPointer } from "../../state/kernel/arena.as";
import { KEY_SLOT } from "../../state/kernel/map";

export { firstSlot, nextSlot } from "../../state/kernel/keys.as";

/** The slot of a slot cell, four limbs. */
@inline
export function keySlotPointer(id: u32): usize {
  return keyPointer(id) + KEY_SLOT;
}

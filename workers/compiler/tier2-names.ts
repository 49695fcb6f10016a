/**
 * Tier 2, names of stacks: two have the same where the same jump destinations lie in the same
 * places. A name is made from the bottom up, so stacks that are the same below have the same name
 * there, and who knows the name of a stack looks only at what has changed above.
 */

/** A jump destination on a stack, above others; or that there is none, at the bottom. */
export interface StackName {
  readonly id: number;
  readonly slot: number;
  readonly below: StackName | null;
  /** By slot and destination. */
  readonly above: Map<number, StackName>;
}

/** No code is as long (EIP-170): a slot and a destination make one number. */
const DESTINATIONS_END = 2 ** 15;

export class StackNames {
  private readonly bottoms = new Map<number, StackName>();
  private count = 0;

  /** Of a stack without destinations, in a region. */
  bottomOf(region: number): StackName {
    return this.find(this.bottoms, region, -1, null);
  }

  /** Of the same stack with a destination in a slot above. */
  with(name: StackName, slot: number, destination: number): StackName {
    return this.find(name.above, slot * DESTINATIONS_END + destination, slot, name);
  }

  private find(
    names: Map<number, StackName>,
    key: number,
    slot: number,
    below: StackName | null,
  ): StackName {
    const known = names.get(key);
    if (known !== undefined) return known;
    const made: StackName = { id: this.count, slot, below, above: new Map() };
    this.count += 1;
    names.set(key, made);
    return made;
  }
}

/** Of what lies below a slot. */
export function nameBelow(name: StackName, slot: number): StackName {
  let at = name;
  while (at.slot >= slot) at = at.below!;
  return at;
}

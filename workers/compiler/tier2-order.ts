/** Orders in which the nodes of a graph are looked at. */

interface Linked {
  readonly index: number;
  /** Indices of nodes. */
  readonly successors: readonly number[];
}

/**
 * Those that the first node leads to: but for loops, each after all that lead to it. Without
 * recursion: a graph may be a long chain.
 */
export function reversePostorder<T extends Linked>(nodes: readonly T[]): T[] {
  const done: T[] = [];
  const seen = new Uint8Array(nodes.length);
  seen[0] = 1;
  const stack: { node: T; next: number }[] = [{ node: nodes[0]!, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const to = top.node.successors[top.next];
    top.next += 1;
    if (to === undefined) {
      done.push(top.node);
      stack.pop();
    } else if (seen[to] === 0) {
      seen[to] = 1;
      stack.push({ node: nodes[to]!, next: 0 });
    }
  }
  return done.reverse();
}

/**
 * The same nodes in groups: those that lead to each other are in one, and each group comes after
 * all that lead to it. Source: Sharir, "A strong-connectivity algorithm and its applications".
 */
export function groupsInOrder<T extends Linked>(nodes: readonly T[]): T[][] {
  const order = reversePostorder(nodes);
  const rank = new Int32Array(nodes.length).fill(-1);
  for (const [at, { index }] of order.entries()) rank[index] = at;
  const predecessors: number[][] = order.map(() => []);
  for (const [at, { successors }] of order.entries()) {
    for (const to of successors) predecessors[rank[to]!]!.push(at);
  }
  const isTaken = new Uint8Array(order.length);
  const groups: T[][] = [];
  for (const first of order.keys()) {
    if (isTaken[first] === 1) continue;
    isTaken[first] = 1;
    const group = [first];
    for (let next = 0; next < group.length; next += 1) {
      for (const from of predecessors[group[next]!]!) {
        if (isTaken[from] === 1) continue;
        isTaken[from] = 1;
        group.push(from);
      }
    }
    groups.push(group.sort((a, b) => a - b).map((at) => order[at]!));
  }
  return groups;
}

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
  /** How many of a node's successors have been looked at. */
  const looked = new Int32Array(nodes.length);
  seen[0] = 1;
  const stack: T[] = [nodes[0]!];
  while (stack.length > 0) {
    const node = stack[stack.length - 1]!;
    const next = looked[node.index]!;
    if (next === node.successors.length) {
      done.push(node);
      stack.pop();
      continue;
    }
    looked[node.index] = next + 1;
    const to = node.successors[next]!;
    if (seen[to] === 0) {
      seen[to] = 1;
      stack.push(nodes[to]!);
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
  const { firsts, predecessors } = predecessorsOf(order, nodes.length);
  const isTaken = new Uint8Array(order.length);
  const groups: T[][] = [];
  for (let first = 0; first < order.length; first += 1) {
    if (isTaken[first] === 1) continue;
    isTaken[first] = 1;
    const group = [first];
    for (let next = 0; next < group.length; next += 1) {
      const at = group[next]!;
      for (let place = firsts[at]!; place < firsts[at + 1]!; place += 1) {
        const from = predecessors[place]!;
        if (isTaken[from] === 1) continue;
        isTaken[from] = 1;
        group.push(from);
      }
    }
    if (group.length > 1) group.sort((a, b) => a - b);
    groups.push(group.map((at) => order[at]!));
  }
  return groups;
}

/** By place in the order: those of each are in one array, from its first to the next one's. */
function predecessorsOf(order: readonly Linked[], count: number) {
  const rank = new Int32Array(count);
  const firsts = new Int32Array(order.length + 1);
  let edges = 0;
  for (let at = 0; at < order.length; at += 1) {
    rank[order[at]!.index] = at;
    edges += order[at]!.successors.length;
  }
  for (const { successors } of order) for (const to of successors) firsts[rank[to]!]! += 1;
  for (let at = 1; at <= order.length; at += 1) firsts[at]! += firsts[at - 1]!;
  const predecessors = new Int32Array(edges);
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const { successors } = order[at]!;
    for (const to of successors) {
      const place = firsts[rank[to]!]! - 1;
      firsts[rank[to]!] = place;
      predecessors[place] = at;
    }
  }
  return { firsts, predecessors };
}

import * as map from '../../workers/protocol-map.js';
import { Dice } from './dice.js';
import type { FakeStep } from './tiny.js';
import { TinyCells } from './tiny.js';
import { type Setting, type Worker, World } from './world.js';

const KINDS = ['needsHead', 'tooLarge', 'picky', 'systemCall', 'credits'] as const;

/** Few cells make many conflicts. */
export function randomSteps(dice: Dice, countMax: number): FakeStep[] {
  const cells = 1 + dice.below(5);
  return Array.from({ length: 1 + dice.below(countMax) }, (): FakeStep => {
    const kind = dice.roll() < 0.6 ? 'plain' : (KINDS[dice.below(KINDS.length)] ?? 'plain');
    const reads = Array.from({ length: dice.below(3) }, () => dice.below(cells));
    const readsFees = dice.roll() < 0.1 ? [200] : [];
    return { kind, reads: [...reads, ...readsFees], write: dice.below(cells), fee: dice.below(3) };
  });
}

/** Several batches on several workers; the coordinator is one of those whose steps are mixed. */
export function runSeed(setting: Setting, seed: number): number {
  return undone(setting, () => runOrder(setting, seed));
}

/** Leaves the cells as they were. */
function undone<Result>({ arena }: Setting, run: () => Result): Result {
  const mark = arena.mark();
  try {
    return run();
  } finally {
    arena.rollback(mark);
  }
}

function runOrder(setting: Setting, seed: number): number {
  const dice = new Dice(seed);
  const world = new World(setting, 1 + dice.below(4), dice.below(2) * 0.004);
  const coordinator = coordinate(world, dice);
  const stickiness = [0, 0.5, 0.9, 0.98][dice.below(4)] ?? 0;
  const processes = [coordinator, ...world.workers];
  let current = coordinator as Generator<void> | Worker;
  let isOver = false;
  for (let steps = 0; steps < 200_000; steps += 1) {
    if (dice.roll() >= stickiness) current = processes[dice.below(processes.length)] ?? current;
    if (!('next' in current)) current.step();
    else if (current.next().done === true) isOver = true;
    if (isOver) return steps;
  }
  throw new Error('the batches do not end');
}

/** The coordinator's part as crew.ts plays it, one atomic operation between two yields. */
function* coordinate(world: World, dice: Dice): Generator<void> {
  const { protocol } = world;
  const before = new TinyCells();
  for (let batch = 1 + dice.below(3); batch > 0; batch -= 1) {
    const steps = randomSteps(dice, 6);
    yield* world.open(steps, 1 + dice.below(steps.length));
    while (!protocol.isDone()) yield;
    protocol.turn();
    yield;
    while (protocol.active() > 0) yield;
    if (protocol.head() !== steps.length) throw new Error(`only ${protocol.head()} committed`);
    if (world.claims.some((count) => count !== 1)) throw new Error(`claims: ${world.claims}`);
    world.check(before, steps.length);
  }
}

/**
 * A batch that is ended by the fence at any moment, each thread dying at any of its steps after
 * that, or some before it. What the head says must be in the cells, or the arena known to be torn.
 * @returns true where it was torn: only where a thread died by itself while it changed cells
 */
export function runFence(setting: Setting, seed: number): boolean {
  return undone(setting, () => runFenced(setting, seed));
}

function runFenced(setting: Setting, seed: number): boolean {
  const dice = new Dice(seed);
  const world = new World(setting, 1 + dice.below(4), dice.below(2) * 0.004);
  const { protocol, workers } = world;
  const steps = randomSteps(dice, 6);
  for (const _ of world.open(steps));
  const some = (count: number): void => {
    for (let left = count; left > 0; left -= 1) {
      const worker = workers[dice.below(workers.length)];
      if (worker?.isDead === false) worker.step();
    }
  };
  some(dice.below(200));
  const first = workers[dice.below(workers.length)];
  const crashes = dice.roll() < 0.3;
  const mayTear = crashes && first?.isApplying === true;
  if (first !== undefined && crashes) first.isDead = true;
  some(dice.below(50));
  protocol.fail('worker-failed');
  some(dice.below(5));
  protocol.bar();
  // It waits for whoever is applying; one that died so never ends.
  for (let turns = 0; turns < 1_000 && protocol.isApplying(); turns += 1) some(1);
  for (const worker of workers) {
    some(dice.below(20));
    worker.isDead = true;
  }
  if (protocol.isApplying()) {
    if (!mayTear) throw new Error('taken for torn without a reason');
    return true;
  }
  if (mayTear) throw new Error('a torn arena goes unnoticed');
  world.check(new TinyCells(), protocol.head());
  return false;
}

export interface Bounds {
  readonly workers: number;
  /** How often a worker that could go on is made to wait; all orders where it is Infinity. */
  readonly preemptionsMax: number;
}

interface Search {
  /** By state, the greatest number of preemptions that it was met with. */
  readonly seen: Map<string, number>;
  /** Workers of the steps to take, and the preemptions left after them. */
  readonly pending: { readonly order: number[]; readonly left: number }[];
}

/**
 * Runs every order of the steps of all workers within the bounds; orders that meet in the same
 * state go on once. @returns the number of different states
 */
export function runAll(setting: Setting, bounds: Bounds, steps: readonly FakeStep[]): number {
  const left = bounds.preemptionsMax;
  const search: Search = { seen: new Map(), pending: [] };
  for (let first = 0; first < bounds.workers; first += 1) {
    search.pending.push({ order: [first], left });
  }
  for (let next = search.pending.pop(); next !== undefined; next = search.pending.pop()) {
    undone(setting, () => {
      const world = opened(setting, bounds.workers, steps);
      for (const worker of next.order) stepOn(world.workers[worker]);
      follow(world, next, search);
    });
  }
  return search.seen.size;
}

function opened(setting: Setting, workers: number, steps: readonly FakeStep[]): World {
  const world = new World(setting, workers, 0);
  for (const _ of world.open(steps));
  for (const worker of world.workers) stepOn(worker);
  return world;
}

/** Goes on with the same worker until a known state; notes for later where others could go on. */
function follow(world: World, from: Search['pending'][number], search: Search): void {
  const { seen, pending } = search;
  const order = [...from.order];
  let current = order[order.length - 1] ?? 0;
  for (;;) {
    const state = textOf(world, current);
    if ((seen.get(state) ?? -1) >= from.left) return;
    seen.set(state, from.left);
    const isAble = world.workers[current]?.isOver === false;
    const others = world.workers.flatMap(({ isOver }, index) =>
      isOver || index === current ? [] : [index],
    );
    const left = isAble ? from.left - 1 : from.left;
    const later = isAble ? others : others.slice(1);
    if (left >= 0) for (const other of later) pending.push({ order: [...order, other], left });
    if (!isAble) current = others[0] ?? -1;
    if (current < 0) {
      if (world.protocol.head() !== world.steps.length) throw new Error(`ends early: ${order}`);
      if (world.claims.some((count) => count !== 1)) throw new Error(`claims: ${world.claims}`);
      world.check(new TinyCells(), world.steps.length);
      return;
    }
    stepOn(world.workers[current]);
    order.push(current);
  }
}

/** One step that others may see, with the private ones around it. */
function stepOn(worker: Worker | undefined): void {
  do worker?.step();
  while (worker?.isNextPrivate === true);
}

const WORDS = [map.CLAIM, map.HEAD, map.TOKEN, map.FAILURE, map.DONE, map.ACTIVE];

/** Everything that decides what can happen from here on. */
function textOf(world: World, current: number): string {
  const { arena } = world;
  const { base } = arena.layout.control;
  const words = new Int32Array(arena.memory.buffer, base, map.COUNTERS_BASE);
  const cells = map.COLUMNS * map.COLUMN_WORDS;
  const table = new Int32Array(arena.memory.buffer, base + map.TABLE_AT, cells);
  const column = (field: number, index: number) => table[field * map.COLUMN_WORDS + index] ?? 0;
  let text = world.cells.text;
  for (const word of WORDS) text += `,${words[word]}`;
  for (let index = 0; index < world.steps.length; index += 1) {
    const status = column(map.STATUS, index) & 3;
    text += `;${status},${column(map.OUTCOME, index)},${column(map.OWNER, index)}`;
  }
  for (const seen of world.written) text += `!${seen ?? ''}`;
  const workers = world.workers.map(({ text: own }, index) => own + (index === current ? '*' : ''));
  return `${text}#${workers.join('#')}`;
}

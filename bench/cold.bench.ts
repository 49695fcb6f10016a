/**
 * Cold cells: `node dist/bench/cold.bench.js [MiB] [cells] [directory]` after a build. Storage
 * slots under a fixed seed in an arena of that size, ten times its lines unless told otherwise; CPU
 * time of this thread for making them, for reading and for changing cells drawn evenly from all,
 * beside an arena that has a line for each; and what the file took. The system's cache holds the
 * file: a read is a system call and a copy, what a disk adds is the disk's.
 */
import { tmpdir } from 'node:os';
import { Arena, KIND_SLOT } from '../state/arena.js';
import { StateRoot } from '../state/root.js';

const MEGABYTES = Number(process.argv[2] ?? 256);
const DIRECTORY = process.argv[4] ?? tmpdir();
/** Cells of one mini-block. */
const PORTION = 4_000;
const PORTIONS = 50;

let seed = 1;
/** A linear congruence (Numerical Recipes): the same cells in every run. */
function next(bound: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * bound);
}

const address = new Uint8Array(20).fill(0xaa);

function wordOf(number: number): Uint8Array {
  const word = new Uint8Array(32);
  const view = new DataView(word.buffer);
  view.setUint32(24, number);
  view.setUint32(28, number ^ 0x5bd1e995);
  return word;
}

/** Microseconds of CPU time for each of `count`. */
function cpuUs(count: number, run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

class Subject {
  readonly arena: Arena;
  readonly cells: number;
  private sequence = 0;

  constructor(arena: Arena, cells: number) {
    this.arena = arena;
    this.cells = cells;
  }

  /** One mini-block of writes, and the room that it needs. */
  private write(count: number, cellAt: (turn: number) => number): void {
    const { arena } = this;
    arena.cold?.makeRoom(count);
    this.sequence += 1;
    arena.openMiniBlock(this.sequence);
    for (let turn = 0; turn < count; turn++) {
      const id = arena.intern(KIND_SLOT, address, wordOf(cellAt(turn)));
      arena.write(id, wordOf(this.sequence + turn), this.sequence);
    }
    arena.retainFrom(arena.closeMiniBlock(this.sequence).to);
  }

  make(): number {
    return cpuUs(this.cells, () => {
      for (let first = 0; first < this.cells; first += PORTION) {
        this.write(Math.min(PORTION, this.cells - first), (turn) => first + turn);
      }
    });
  }

  change(): number {
    return cpuUs(PORTIONS * PORTION, () => {
      for (let portion = 0; portion < PORTIONS; portion++) {
        this.write(PORTION, () => next(this.cells));
      }
    });
  }

  /** Without bringing them in, as calls do. */
  read(): number {
    const out = new Uint8Array(32);
    const { arena } = this;
    return cpuUs(PORTIONS * PORTION, () => {
      for (let turn = 0; turn < PORTIONS * PORTION; turn++) {
        arena.readLatest(arena.find(KIND_SLOT, address, wordOf(next(this.cells))), out);
      }
    });
  }

  root(): { readonly us: number; readonly root: string } {
    const root = new StateRoot(Arena.attach(this.arena.memory, 1));
    const us = cpuUs(this.cells, () => root.rebuild(this.sequence));
    return { us, root: Buffer.from(root.root).toString('hex') };
  }
}

function report(name: string, subject: Subject): string {
  const made = subject.make();
  const read = subject.read();
  const changed = subject.change();
  const { us, root } = subject.root();
  const figures = { made, read, changed, 'root of all': us };
  const texts = Object.entries(figures).map(([what, value]) => `${what} ${value.toFixed(2)} us`);
  console.log(`${name}: ${texts.join(', ')} a cell`);
  return root;
}

const coldArena = Arena.create({ megabytes: MEGABYTES, threads: 2, coldDirectory: DIRECTORY });
const { lineCapacity } = coldArena.layout;
const CELLS = Number(process.argv[3] ?? 10 * lineCapacity);
console.log(`${CELLS} cells, ${lineCapacity} lines in ${MEGABYTES} MiB`);
const coldRoot = report('cold', new Subject(coldArena, CELLS));
const { cold } = coldArena.statistics();
console.log(JSON.stringify(cold));
if (cold !== null) {
  const { fileBytes, recordsAppended, pagesRead, faults, reads } = cold;
  console.log(
    `${(fileBytes / recordsAppended).toFixed(1)} bytes a record, ` +
      `${(fileBytes / CELLS).toFixed(0)} a cell; ` +
      `${(pagesRead / (faults + reads)).toFixed(3)} pages for a cell that was not in memory`,
  );
}
seed = 1;
const plainRoot = report('plain', new Subject(Arena.create({ threads: 2 }), CELLS));
console.log(coldRoot === plainRoot ? 'the roots are equal' : 'THE ROOTS DIFFER');
if (coldRoot !== plainRoot) process.exitCode = 1;

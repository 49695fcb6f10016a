/** How full an arena is, by region: for metrics, the banner and the operator of a full node. */
import type { StateKernel } from './arena-kernel.js';
import type { ColdCounts } from './cold/cold-counters.js';
import type { Retirement } from './cold/retirement.js';
import * as map from './kernel/map.js';
import type { ArenaLayout } from './layout.js';

export interface RegionUse {
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

/** Of cells that are in a file, and what moving them took so far. */
export interface ColdStatistics extends ColdCounts {
  readonly cells: number;
  /** All records, those included that are of no use any more. */
  readonly fileBytes: number;
  /** Those that are: of cells in the file alone, and of cells in memory that are as they say. */
  readonly namedRecords: number;
}

export interface ArenaStatistics {
  readonly cells: number;
  readonly cellCapacity: number;
  /** Null where every cell is in memory. */
  readonly cold: ColdStatistics | null;
  readonly codes: number;
  /** Nodes that can still be read, and the number that the ring holds. */
  readonly undoNodes: number;
  readonly undoCapacity: number;
  readonly regions: {
    readonly cells: RegionUse;
    readonly keys: RegionUse;
    /** All tables up to the current one: the old ones are kept. */
    readonly index: RegionUse;
    readonly undo: RegionUse;
    readonly code: RegionUse;
  };
}

export function statisticsOf(
  kernel: StateKernel,
  layout: ArenaLayout,
  cold: Retirement | null,
): ArenaStatistics {
  const cells = kernel.cellCount();
  const lines = cold?.linesTaken ?? cells;
  const lineCapacity = layout.lineCapacity || layout.cellCapacity;
  const undoNodes = kernel.undoHeadAt() - kernel.undoTailAt();
  const indexSlots = 2 ** (kernel.indexLog2() + 1) - 2 ** map.INDEX_LOG2_MIN;
  const use = (usedBytes: number, capacityBytes: number): RegionUse => ({
    usedBytes,
    capacityBytes,
  });
  return {
    cells,
    cellCapacity: layout.cellCapacity,
    cold: cold && coldStatisticsOf(cold, cells - lines),
    codes: kernel.codeCount(),
    undoNodes,
    undoCapacity: layout.undoCapacity,
    regions: {
      cells: use(lines * map.CELL_BYTES, lineCapacity * map.CELL_BYTES),
      keys: use(lines * map.KEY_BYTES, lineCapacity * map.KEY_BYTES),
      index: use(indexSlots * map.INDEX_SLOT_BYTES, layout.index.bytes),
      undo: use(undoNodes * map.UNDO_BYTES, layout.undoCapacity * map.UNDO_BYTES),
      code: use(kernel.codeEnd(), layout.code.bytes),
    },
  };
}

function coldStatisticsOf(cold: Retirement, cells: number): ColdStatistics {
  const { counts, fileBytes, namedRecords } = cold;
  return { ...counts, cells, fileBytes, namedRecords };
}

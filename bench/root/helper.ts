/** The entry of a thread that helps with a trie of made records. */
import { helpRoot, type RootShared } from '../../state/root-work.js';
import { MadeRecords } from './made.js';

export interface MadeHelpTask {
  readonly batch: SharedArrayBuffer;
  readonly root: RootShared;
}

/** Returns when the root's control is stopped. */
export function help({ batch, root }: MadeHelpTask): void {
  helpRoot(new MadeRecords(batch), root);
}

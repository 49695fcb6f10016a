/** A root thread as the source of a worker: it attaches, says that it is ready, and helps. */
export const ROOT_HELPER = `
import { parentPort, workerData } from 'node:worker_threads';
const { Arena } = await import(workerData.arenaUrl);
const { ArenaRecords } = await import(workerData.recordsUrl);
const { helpRoot } = await import(workerData.workUrl);
const arena = Arena.attach(workerData.memory, workerData.thread);
parentPort.postMessage('ready');
helpRoot(new ArenaRecords(arena), workerData.shared);
`;

import { NodeProcess } from '../../runtime/roles/node-process.js';
import { systemClock } from '../../state/base/ports.js';

export interface TestNode {
  readonly url: string;
  readonly webSocketUrl: string;
  readonly sequencerKey: string;
  readonly process: NodeProcess;
}

/** A node of the built program in a process of its own, on a free port. */
export async function startNode(role: string, args: readonly string[]): Promise<TestNode> {
  const process = new NodeProcess(role, ['--port', '0', ...args]);
  const { port, sequencerKey } = await process.announced(systemClock);
  const address = `127.0.0.1:${port}`;
  return { url: `http://${address}`, webSocketUrl: `ws://${address}`, sequencerKey, process };
}

/** The first two development accounts, as Anvil has them. */
export const KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
] as const;
export const ADDRESSES = [
  '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
  '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
] as const;

// A follower in a process of its own, which can be stopped: sends its height whenever it grows.
import { Follower } from '../../../../dist/net/p2p/follow.js';
import { chainIdentity, signerOf } from '../../../../dist/net/p2p/keys.js';
import { PeerNode } from '../../../../dist/net/p2p/peer-node.js';
import { systemClock as clock } from '../../../../dist/state/base/ports.js';

const { publicKey } = signerOf(new Uint8Array(32).fill(1));
const anchor = { chainId: 31_337, publicKey };
const fail = (error) => {
  console.error(error);
  process.exit(1);
};
const follower = new Follower({
  anchor,
  parentHash: chainIdentity(31_337, publicKey),
  nextHeight: 0,
  clock,
  onHalt: fail,
  sink: { apply: async ({ height }) => void process.send(height + 1) },
});
const bootstrap = process.argv[2].split(',');
new PeerNode({ anchor, name: 'test', bootstrap, clock, follower, onFault: fail });
process.on('disconnect', () => process.exit());

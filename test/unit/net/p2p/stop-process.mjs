// Starts a DHT, a sequencer and a follower, stops them all: the process must then end by itself.
import { Follower } from '../../../../dist/net/p2p/follow.js';
import { chainIdentity, signerOf } from '../../../../dist/net/p2p/keys.js';
import { PeerNode } from '../../../../dist/net/p2p/peer-node.js';
import { Publisher } from '../../../../dist/net/p2p/publish.js';
import { startBootstrap } from '../../../../dist/net/p2p/swarm.js';
import { systemClock as clock } from '../../../../dist/state/base/ports.js';

const signer = signerOf(new Uint8Array(32).fill(1));
const anchor = { chainId: 31_337, publicKey: signer.publicKey };
const onFault = (error) => {
  console.error(error);
  process.exit(1);
};
const dht = await startBootstrap({ host: '127.0.0.1', nodes: 4 });
const shared = { anchor, name: 'test', bootstrap: dht.addresses, clock, onFault };
const source = { firstHeight: 0, nextHeight: 0, read: () => new Uint8Array(0) };
const publisher = new Publisher({ source, clock, onFault });
const sequencer = new PeerNode({ ...shared, signer, publisher });
await sequencer.announced();
const follower = new Follower({
  anchor,
  parentHash: chainIdentity(anchor.chainId, anchor.publicKey),
  nextHeight: 0,
  clock,
  onHalt: onFault,
  sink: { apply: async () => undefined },
});
const replica = new PeerNode({ ...shared, follower });
while (!follower.isLive) await new Promise((resolve) => setTimeout(resolve, 5));
await replica.stop();
await sequencer.stop();
await dht.stop();
console.log('stopped');

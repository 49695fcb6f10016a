import { describe, expect, it } from 'vitest';
import { defaultConfig, withValues } from '../../../runtime/config.js';

describe('configuration', () => {
  const base = defaultConfig(4);

  it('has defaults that pass its own rules', () => {
    expect(withValues(base, { ...base }, 'defaults')).toEqual(base);
  });

  it('leaves one core to the coordinator, and one worker on a single core', () => {
    expect([defaultConfig(4).workers, defaultConfig(1).workers]).toEqual([3, 1]);
  });

  it.each([
    [{ port: 70_000 }, /port must be an integer from 0 to 65535, not 70000/],
    [{ port: '8545' }, /port must be/],
    [{ durability: 'sometimes' }, /durability must be group, strict, none/],
    [{ bootstrap: ['localhost'] }, /bootstrap must be HOST:PORT/],
    [{ bootstrap: ['localhost:0'] }, /bootstrap must be HOST:PORT/],
    [{ sequencerKey: 'abc' }, /sequencerKey must be 32 bytes in hex/],
    [{ stateMemory: 7 }, /stateMemory must be an integer from 8 to 4096, not 7/],
    [{ stateMemory: 4_097 }, /stateMemory must be/],
    [{ prot: 1 }, /unknown setting "prot"/],
    [JSON.parse('{"__proto__": {"port": 1}}'), /unknown setting "__proto__"/],
    [[], /must hold one JSON object/],
    [null, /must hold one JSON object/],
  ])('refuses %j with one clear line', (values, message) => {
    expect(() => withValues(base, values, 'config.json')).toThrow(message);
  });

  it('takes addresses of all kinds for DHT nodes', () => {
    const bootstrap = ['127.0.0.1:49737', 'node.example.org:1', '[::1]:65535'];
    expect(withValues(base, { bootstrap }, 'flags').bootstrap).toEqual(bootstrap);
  });
});

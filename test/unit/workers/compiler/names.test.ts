import { expect, it } from 'vitest';
import { nameBelow, StackNames } from '../../../../workers/compiler/tier2-names.js';

it('names stacks by the destinations on them, and where they lie', () => {
  const names = new StackNames();
  const bottom = names.bottomOf(0);
  const one = names.with(bottom, 3, 100);
  const two = names.with(one, 9, 100);
  expect(names.with(names.with(names.bottomOf(0), 3, 100), 9, 100)).toBe(two);
  const others = [
    names.bottomOf(7),
    names.with(bottom, 9, 100),
    names.with(one, 9, 101),
    names.with(one, 10, 100),
    names.with(names.with(names.bottomOf(7), 3, 100), 9, 100),
  ];
  expect(new Set([bottom, one, two, ...others].map(({ id }) => id)).size).toBe(8);
});

it('keeps the name of what lies below a slot', () => {
  const names = new StackNames();
  const one = names.with(names.bottomOf(0), 3, 100);
  const two = names.with(one, 9, 200);
  expect([0, 3, 4, 9, 10].map((slot) => nameBelow(two, slot))).toEqual([
    names.bottomOf(0),
    names.bottomOf(0),
    one,
    one,
    two,
  ]);
});

/** Whatever interpreter.test.ts asks of the interpreter, asked of tier 1. */
process.env['ENGINE'] = 'compiled-tier1';
await import('./interpreter.test.js');

/** Whatever interpreter.test.ts asks of the interpreter, asked of compiled code. */
process.env['ENGINE'] = 'compiled';
await import('./interpreter.test.js');

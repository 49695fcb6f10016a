/** What the tools print: lines for whoever asked, and what is under way for whoever waits. */

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line of a terminal, written over each time; the empty text clears it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

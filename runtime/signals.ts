/** How a long-running command ends: the first signal asks it to, the second does not ask. */
const EXIT_KILLED = 1;

/** Resolves with the first SIGINT or SIGTERM; the second ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (): void => {
      signals += 1;
      if (signals > 1) process.exit(EXIT_KILLED);
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

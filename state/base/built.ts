/**
 * Where built files are, whether this program runs from dist or from its sources under a test
 * runner: threads and child processes always run what was built.
 */

/** @param path  from the project's top, as `workers/worker.js` */
export function builtUrl(path: string): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(`${isSource ? '../../dist' : '../..'}/${path}`, import.meta.url);
}

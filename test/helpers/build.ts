import { spawnSync } from 'node:child_process';

/**
 * Builds `dist` once before the tests: worker threads and child processes run the built program,
 * never the sources, so a stale build would test yesterday's code.
 */
export default function setup(): void {
  if (process.env['DELTACAST_SKIP_BUILD'] === '1') return;
  const result = spawnSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  if (result.status !== 0) throw new Error('npm run build failed: the tests need dist/');
}

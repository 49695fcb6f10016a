/**
 * The node's own log (owner of pino): JSON lines with `--json-logs`, else short lines for people,
 * always on stderr, so that stdout holds only what a command was asked for.
 */
import { pino } from 'pino';
import type { LogLevel } from './config.js';

type Fields = Readonly<Record<string, string | number | boolean | null>>;

export interface Logger {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
}

export function createLogger(level: LogLevel, isJson: boolean): Logger {
  const stream = { write: (line: string) => process.stderr.write(isJson ? line : plain(line)) };
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const log = pino(options, stream);
  return {
    error: (message, fields) => log.error(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    debug: (message, fields) => log.debug(fields ?? {}, message),
  };
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
};

/** `12:00:00 info  message key=value`. */
function plain(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as {
    level: number;
    time: string;
    msg: string;
  } & Record<string, unknown>;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
  return `${time.slice(11, 19)} ${(LEVELS[level] ?? '').padEnd(5)} ${msg}${rest.join('')}\n`;
}

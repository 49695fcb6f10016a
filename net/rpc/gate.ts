/**
 * Who may talk to the server at all. A page in a browser can send requests to this machine, and
 * a name of its own that resolves to 127.0.0.1 makes it even same-origin (DNS rebinding); so the
 * Host must be ours, and an Origin must be absent (a program), our own page's, or listed.
 */
import type { IncomingHttpHeaders } from 'node:http';

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export interface GateOptions {
  readonly port: number;
  /** Further names, alone (then with our port) or as the exact `name:port`. */
  readonly hosts: readonly string[];
  /** Exact origins, as `https://app.example`. */
  readonly origins: readonly string[];
}

export class Gate {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ port, hosts, origins }: GateOptions) {
    const ours = LOCAL_NAMES.map((name) => `${name}:${port}`);
    const withoutPort = port === 80 ? LOCAL_NAMES : [];
    const added = hosts.flatMap((name) => [name.toLowerCase(), `${name.toLowerCase()}:${port}`]);
    this.#hosts = new Set([...ours, ...withoutPort, ...added]);
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  /** Why these headers are refused, or null when they may pass. */
  refusal(headers: IncomingHttpHeaders): string | null {
    const host = headers.host?.toLowerCase() ?? '';
    if (!this.#hosts.has(host)) return 'the Host header names no allowed host';
    const origin = headers.origin?.toLowerCase();
    if (origin === undefined || origin === `http://${host}`) return null;
    return this.#origins.has(origin) ? null : 'the Origin is not allowed';
  }

  /** The origin to be named in Access-Control-Allow-Origin: only one that is listed exactly. */
  corsOrigin(headers: IncomingHttpHeaders): string | null {
    const { origin } = headers;
    if (origin === undefined || !this.#origins.has(origin.toLowerCase())) return null;
    return origin;
  }
}

/** A page can post other types without asking first (CORS preflight). */
export function isJson(contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0] ?? '';
  return type.trim().toLowerCase() === 'application/json';
}

/** Paths on the RPC port beside JSON-RPC: `/health` and `/metrics`. */
import type { Routes } from '../net/rpc/core.js';
import type { Metrics } from './metrics.js';

type Health = Readonly<Record<string, string | number>>;

export function nodeRoutes(metrics: Metrics, health: () => Health): Routes {
  return async (path) => {
    switch (path) {
      case '/health':
        return json({ status: 'ok', ...health() });
      case '/metrics':
        return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
      default:
        return null;
    }
  };
}

function json(value: Health) {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

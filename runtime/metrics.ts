/**
 * `/metrics` for Prometheus (owner of prom-client): what the counters hold, read when it is asked
 * for, so that counting costs the main path nothing.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface MetricSource {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  read(): number;
}

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

export function createMetrics(sources: readonly MetricSource[]): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const source of sources) {
    const { help, kind, read } = source;
    const common = { name: `deltacast_${source.name}`, help, registers: [registry] };
    if (kind === 'gauge') {
      new Gauge({
        ...common,
        collect() {
          this.set(read());
        },
      });
      continue;
    }
    new Counter({
      ...common,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

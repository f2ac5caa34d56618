import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** The library cannot be told to look at no event loop at all. */
const rarelyMs = 60_000;

/** Numbers by the value of a label. */
export type ByLabel = Iterable<readonly [value: string, count: number]>;

/** Metrics that are read where they are kept when somebody asks for them: to count for them costs the calls nothing. */
export class MetricSet {
  readonly registry = new Registry();
  readonly #registers = [this.registry];

  constructor() {
    const { registry } = this;
    collectDefaultMetrics({ register: registry, prefix: 'ringfence_', eventLoopMonitoringPrecision: rarelyMs });
    // The library's delays include the interval between its looks: they show 10 ms for a server that does nothing.
    const misleading = registry
      .getMetricsAsArray()
      .filter(({ name }) => name.startsWith('ringfence_nodejs_eventloop_lag'));
    for (const { name } of misleading) registry.removeSingleMetric(name);
  }

  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `ringfence_${name}`,
      ...{ help, registers: this.#registers },
      collect() {
        this.set(read());
      },
    });
  }

  /** A gauge for each value of a label; the operator's own names may be values, a stranger's may not. */
  gauges(name: string, help: string, label: string, read: () => ByLabel): void {
    new Gauge({
      name: `ringfence_${name}`,
      ...{ help, registers: this.#registers, labelNames: [label] },
      collect() {
        this.reset();
        for (const [value, count] of read()) this.set({ [label]: value }, count);
      },
    });
  }

  /** A counter for each field of an object of totals, whose names are fixed in the code: no stranger makes a label. */
  totals(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
    new Counter({
      name: `ringfence_${name}`,
      ...{ help, registers: this.#registers, labelNames: [label] },
      collect() {
        this.reset();
        for (const [value, total] of Object.entries(read())) this.inc({ [label]: value }, total);
      },
    });
  }
}

import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { EventLoopDelay } from './event-loop-delay.ts';
import type { Bound } from './sip-server.ts';
import type { RunningServer } from './start.ts';

/** The library cannot be told to look at no event loop at all. */
const rarelyMs = 60_000;

/** Every number that the server keeps anyway, read when somebody asks: counting for the metrics costs the calls nothing. */
export function metricsRegistry({ sip, plane, store, tls, ledger, ledgerWatch }: RunningServer): Registry {
  const registers = [new Registry()];
  const [registry = new Registry()] = registers;
  collectDefaultMetrics({ register: registry, prefix: 'ringfence_', eventLoopMonitoringPrecision: rarelyMs });
  // The library's delays include the interval between its looks: they show 10 ms for a server that does nothing.
  const isMisleading = ({ name }: { readonly name: string }): boolean =>
    name.startsWith('ringfence_nodejs_eventloop_lag');
  for (const metric of registry.getMetricsAsArray().filter(isMisleading)) registry.removeSingleMetric(metric.name);
  delayGauge(registers);
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `ringfence_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('calls', 'Calls that are not over', () => sip.calls.count);
  gauge('bindings', 'Registered contacts', () => sip.registrar.bindings.count);
  gauge('transactions', 'SIP transactions under way', () => sip.stack.transactionCount);
  gauge('kept_answers', 'Answers that are kept for retransmissions of their requests', () => sip.stack.answeredCount);
  gauge('dialogs', 'SIP dialogs', () => sip.stack.dialogs.size);
  gauge('media_port_pairs_free', 'RTP port pairs that are bound and free', () => plane.capacity().free);
  gauge('media_port_pairs', 'RTP port pairs that are bound', () => plane.capacity().total);
  labelled(
    registers,
    'media_packets_dropped_total',
    'RTP and RTCP packets that were dropped, by cause',
    'cause',
    () => ({
      ...plane.refused,
    }),
  );
  gauge('store_healthy', '1 while writes reach the disk, else 0', () => (store.healthy ? 1 : 0));
  gauge(
    'ledger_findings',
    'What the last check of the ledger found wrong; -1 while there is no result',
    () => ledgerWatch.findings,
  );
  gauge(
    'ledger_checked_seconds',
    'When the ledger was last checked, in Unix time',
    () => ledgerWatch.checkedAtMs / 1000,
  );
  gauge('ledger_halted', '1 while no call that costs something is let through, else 0', () =>
    ledger.mayPrice() === undefined ? 0 : 1,
  );
  gauge('emergency_calls', 'Emergency calls in progress', () => sip.limits.emergencies.inUse('server'));
  gauge('lines', 'Lines that accounts have in use', () => sip.limits.lines.size);
  gauge(
    'lease_drift_total',
    'Leases that did not agree with the calls; anything but 0 is a fault of ours',
    () => sip.audit.found,
  );
  labelled(registers, 'handshakes_total', 'TLS and WebSocket handshakes by outcome', 'outcome', () => ({
    ...tls.gate.counts,
  }));
  gauge(
    'udp_sockets_reserved',
    'UDP sockets that are reserved for one proven source each',
    () => sip.stack.transportStats().reservedSockets,
  );
  gauge('tcp_connections', 'Connections over TCP, TLS and WebSocket now', () => sip.stack.transportStats().connections);
  new Gauge({
    ...{ name: 'ringfence_sipserver_up', help: '1 while a SIP server answers OPTIONS, 0 while it is down', registers },
    labelNames: ['sipserver'],
    collect() {
      this.reset();
      for (const { account, state } of sip.sipServers.pings.health()) {
        if (state !== 'unknown') this.set({ sipserver: account.name }, state === 'up' ? 1 : 0);
      }
    },
  });
  new Gauge({
    ...{ name: 'ringfence_sipserver_registered', registers, labelNames: ['sipserver'] },
    help: '1 while a SIP server that we register with knows our place, else 0',
    collect() {
      this.reset();
      for (const { account, state } of sip.sipServers.registrations.status()) {
        this.set({ sipserver: account.name }, state === 'registered' ? 1 : 0);
      }
    },
  });
  labelled(registers, 'sipserver_changes_total', 'SIP servers that went down or came up', 'state', () => ({
    ...sip.sipServers.pings.counts,
  }));
  boundGauges(registers, () => sip.bounds());
  labelled(
    registers,
    'bound_refusals_total',
    'Requests and connections refused because a bound was reached',
    'bound',
    () => ({
      ...sip.stack.boundRefusals,
      connections: sip.stack.transportStats().connectionsRefused,
    }),
  );
  labelled(registers, 'call_attempts_total', 'Call attempts by outcome', 'outcome', () => ({ ...sip.calls.counts }));
  labelled(registers, 'registrations_total', 'REGISTER requests by outcome', 'outcome', () => ({
    ...sip.registrar.counts,
  }));
  labelled(registers, 'packets_total', 'SIP packets by the proof of their source', 'proof', () => ({
    ...sip.guard.served,
  }));
  labelled(
    registers,
    'packets_lost_total',
    'SIP packets that were dropped before they were read, by cause',
    'cause',
    () => ({
      ...sip.guard.lost,
    }),
  );
  gauge('bans', 'Entries of the list of bans, with what is shed or only reported', () => sip.guard.bans.size);
  new Gauge({
    ...{ name: 'ringfence_block_list_entries', help: 'Entries in effect of each block list', registers },
    labelNames: ['list'],
    collect() {
      this.reset();
      for (const { record, entries } of sip.blockLists?.states() ?? []) this.set({ list: record.name }, entries);
    },
  });
  new Gauge({
    ...{ name: 'ringfence_block_list_checked_seconds', registers, labelNames: ['list'] },
    help: 'When the source of each block list last answered as it should, in Unix time; 0 for never',
    collect() {
      this.reset();
      for (const { record } of sip.blockLists?.states() ?? []) {
        this.set({ list: record.name }, record.checkedAtMs / 1000);
      }
    },
  });
  gauge('auth_requests_in_a_row', 'Failed requests in a row that an address may send now', () => sip.guard.rowLimit());
  labelled(registers, 'blocked_devices_total', 'Messages of devices that get no reply, by item', 'item', () =>
    Object.fromEntries(sip.guard.devices.refused),
  );
  labelled(registers, 'findings_total', 'What was seen of sources, by kind', 'kind', () => ({
    ...sip.guard.findings.counts,
  }));
  labelled(registers, 'transport_total', 'Packets and connections by event', 'event', () => {
    const { connections: _now, reservedSockets: _reserved, ...totals } = sip.stack.transportStats();
    return totals;
  });
  return registry;
}

/** One counter with a label, from an object of totals whose keys are fixed in the code: no stranger makes a label. */
function labelled(
  registers: Registry[],
  name: string,
  help: string,
  label: string,
  read: () => Readonly<Record<string, number>>,
): void {
  new Counter({
    name: `ringfence_${name}`,
    help,
    labelNames: [label],
    registers,
    collect() {
      this.reset();
      for (const [key, total] of Object.entries(read())) this.inc({ [label]: key }, total);
    },
  });
}

/** How late the signalling thread was, median, 99th percentile and worst. */
function delayGauge(registers: Registry[]): void {
  const delay = new EventLoopDelay();
  new Gauge({
    name: 'ringfence_signalling_delay_seconds',
    help: 'How late the signalling thread was, since this was last asked for',
    labelNames: ['quantile'],
    registers,
    collect() {
      const { median, p99, most } = delay.take();
      this.set({ quantile: '0.5' }, median);
      this.set({ quantile: '0.99' }, p99);
      this.set({ quantile: '1' }, most);
    },
  });
}

/** Two gauges with a label: how much of each bound is used, and its maximum. */
function boundGauges(registers: Registry[], read: () => Readonly<Record<string, Bound>>): void {
  const add = (name: string, help: string, pick: (bound: Bound) => number): void => {
    new Gauge({
      name: `ringfence_${name}`,
      help,
      labelNames: ['bound'],
      registers,
      collect() {
        for (const [bound, values] of Object.entries(read())) this.set({ bound }, pick(values));
      },
    });
  };
  add('bound_used', 'What is remembered now, by bound', ({ used }) => used);
  add('bound_max', 'What may be remembered at most, by bound', ({ max }) => max);
}

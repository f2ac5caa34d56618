import type { Registry } from 'prom-client';
import { EventLoopDelay } from './event-loop-delay.ts';
import { MetricSet } from './metric-set.ts';
import type { RunningServer } from './start.ts';

/** Every number that the server keeps anyway. */
export function metricsRegistry(server: RunningServer): Registry {
  const metrics = new MetricSet();
  delayMetrics(metrics);
  callMetrics(metrics, server);
  boundMetrics(metrics, server);
  transportMetrics(metrics, server);
  sipServerMetrics(metrics, server);
  guardMetrics(metrics, server);
  ledgerMetrics(metrics, server);
  return metrics.registry;
}

/** How late the signalling thread was, median, 99th percentile and worst. */
function delayMetrics(metrics: MetricSet): void {
  const delay = new EventLoopDelay();
  const help = 'How late the signalling thread was, since this was last asked for';
  metrics.gauges('signalling_delay_seconds', help, 'quantile', () => {
    const { median, p99, most } = delay.take();
    return Object.entries({ '0.5': median, '0.99': p99, '1': most });
  });
}

function callMetrics(metrics: MetricSet, { sip, plane }: RunningServer): void {
  const { limits } = sip;
  metrics.gauge('calls', 'Calls that are not over', () => sip.calls.count);
  metrics.totals('call_attempts_total', 'Call attempts by outcome', 'outcome', () => ({ ...sip.calls.counts }));
  metrics.gauge('emergency_calls', 'Emergency calls in progress', () => limits.emergencies.inUse('server'));
  metrics.gauge('lines', 'Lines that accounts have in use', () => limits.lines.size);
  const drift = 'Leases that did not agree with the calls; anything but 0 is a fault of ours';
  metrics.gauge('lease_drift_total', drift, () => sip.audit.found);
  metrics.gauge('bindings', 'Registered contacts', () => sip.registrar.bindings.count);
  metrics.totals('registrations_total', 'REGISTER requests by outcome', 'outcome', () => ({ ...sip.registrar.counts }));
  metrics.gauge('media_port_pairs_free', 'RTP port pairs that are bound and free', () => plane.capacity().free);
  metrics.gauge('media_port_pairs', 'RTP port pairs that are bound', () => plane.capacity().total);
  const dropped = 'RTP and RTCP packets that were dropped, by cause';
  metrics.totals('media_packets_dropped_total', dropped, 'cause', () => ({ ...plane.refused }));
}

/** What may be remembered at once, how much of it there is, and what was refused for it. */
function boundMetrics(metrics: MetricSet, { sip }: RunningServer): void {
  const { stack } = sip;
  metrics.gauge('transactions', 'SIP transactions under way', () => stack.transactionCount);
  metrics.gauge(
    'kept_answers',
    'Answers that are kept for retransmissions of their requests',
    () => stack.answeredCount,
  );
  metrics.gauge('dialogs', 'SIP dialogs', () => stack.dialogs.size);
  const of = (what: 'used' | 'max') => () =>
    Object.entries(sip.bounds()).map(([bound, values]) => [bound, values[what]] as const);
  metrics.gauges('bound_used', 'What is remembered now, by bound', 'bound', of('used'));
  metrics.gauges('bound_max', 'What may be remembered at most, by bound', 'bound', of('max'));
  const refused = 'Requests and connections refused because a bound was reached';
  metrics.totals('bound_refusals_total', refused, 'bound', () => ({
    ...stack.boundRefusals,
    connections: stack.transportStats().connectionsRefused,
  }));
}

function transportMetrics(metrics: MetricSet, { sip, tls }: RunningServer): void {
  const stats = () => sip.stack.transportStats();
  metrics.gauge('tcp_connections', 'Connections over TCP, TLS and WebSocket now', () => stats().connections);
  const reserved = 'UDP sockets that are reserved for one proven source each';
  metrics.gauge('udp_sockets_reserved', reserved, () => stats().reservedSockets);
  metrics.totals('transport_total', 'Packets and connections by event', 'event', () => {
    const { connections: _now, reservedSockets: _reserved, ...totals } = stats();
    return totals;
  });
  const handshakes = 'TLS and WebSocket handshakes by outcome';
  metrics.totals('handshakes_total', handshakes, 'outcome', () => ({ ...tls.gate.counts }));
}

function sipServerMetrics(metrics: MetricSet, { sip }: RunningServer): void {
  const { pings, registrations } = sip.sipServers;
  metrics.gauges('sipserver_up', '1 while a SIP server answers OPTIONS, 0 while it is down', 'sipserver', () =>
    pings
      .health()
      .filter(({ state }) => state !== 'unknown')
      .map(({ account, state }) => [account.name, state === 'up' ? 1 : 0]),
  );
  const registered = '1 while a SIP server that we register with knows our place, else 0';
  metrics.gauges('sipserver_registered', registered, 'sipserver', () =>
    registrations.status().map(({ account, state }) => [account.name, state === 'registered' ? 1 : 0]),
  );
  const changes = 'SIP servers that went down or came up';
  metrics.totals('sipserver_changes_total', changes, 'state', () => ({ ...pings.counts }));
}

function guardMetrics(metrics: MetricSet, { sip }: RunningServer): void {
  const { guard } = sip;
  metrics.totals('packets_total', 'SIP packets by the proof of their source', 'proof', () => ({ ...guard.served }));
  const lost = 'SIP packets that were dropped before they were read, by cause';
  metrics.totals('packets_lost_total', lost, 'cause', () => ({ ...guard.lost }));
  metrics.totals('findings_total', 'What was seen of sources, by kind', 'kind', () => ({ ...guard.findings.counts }));
  metrics.gauge('bans', 'Entries of the list of bans, with what is shed or only reported', () => guard.bans.size);
  const inARow = 'Failed requests in a row that an address may send now';
  metrics.gauge('auth_requests_in_a_row', inARow, () => guard.rowLimit());
  metrics.totals('blocked_devices_total', 'Messages of devices that get no reply, by item', 'item', () =>
    Object.fromEntries(guard.devices.refused),
  );
  const lists = () => sip.blockLists?.states() ?? [];
  metrics.gauges('block_list_entries', 'Entries in effect of each block list', 'list', () =>
    lists().map(({ record, entries }) => [record.name, entries]),
  );
  const checked = 'When the source of each block list last answered as it should, in Unix time; 0 for never';
  metrics.gauges('block_list_checked_seconds', checked, 'list', () =>
    lists().map(({ record }) => [record.name, record.checkedAtMs / 1000]),
  );
}

function ledgerMetrics(metrics: MetricSet, { store, ledger, ledgerWatch }: RunningServer): void {
  metrics.gauge('store_healthy', '1 while writes reach the disk, else 0', () => (store.healthy ? 1 : 0));
  const findings = 'What the last check of the ledger found wrong; -1 while there is no result';
  metrics.gauge('ledger_findings', findings, () => ledgerWatch.findings);
  const checked = 'When the ledger was last checked, in Unix time';
  metrics.gauge('ledger_checked_seconds', checked, () => ledgerWatch.checkedAtMs / 1000);
  const halted = '1 while no call that costs something is let through, else 0';
  metrics.gauge('ledger_halted', halted, () => (ledger.mayPrice() === undefined ? 0 : 1));
}

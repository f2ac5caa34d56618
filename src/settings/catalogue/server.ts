import { int, port, seconds, string, word } from '../setting.ts';
import { loopbackAddress } from '../text-checks.ts';

/** The process itself: what it tells, and how it ends. */
export const serverSettings = {
  log_level: word({
    id: 'own.log-level',
    text: 'The least important line that is written to the log. It exists so that a fault can be looked at closely without a restart.',
    values: {
      debug: 'everything, with each message in short',
      info: 'what an operator wants to know',
      warn: 'what may need attention',
      error: 'what went wrong',
    },
    default: 'info',
    effect: 'live',
  }),
  metrics_port: port({
    id: 'own.metrics-port',
    text: 'The TCP port of the page with counters for Prometheus. It exists so that a running server can be watched.',
    default: 9464,
    min: 0,
    effect: 'restart',
  }),
  metrics_address: string({
    id: 'own.metrics-address',
    text: 'The loopback address of the page with counters. The page asks for no password and tells what the server is doing, so it is never opened to a network; let a proxy with authentication carry it further.',
    default: '127.0.0.1',
    allowed: 'a loopback address: 127.0.0.0/8 or ::1',
    check: loopbackAddress,
    effect: 'restart',
  }),
  decision_days: int({
    id: 'own.decision-days',
    text: 'How long it is kept why a call was refused. Older decisions are removed once a day, a thousand at a time; CDRs keep their ids. It exists so that the database does not grow for ever under somebody who is refused all day.',
    unit: 'days',
    default: 90,
    min: 1,
    max: 3650,
    effect: 'live',
  }),
  max_decisions: int({
    id: 'own.max-decisions',
    text: 'How many decisions are kept at most, whatever their age: beyond that the oldest go once a day. It exists because a busy attacker leaves more in a day than a shop in ten years.',
    unit: 'decisions',
    default: 1_000_000,
    min: 1000,
    max: 100_000_000,
    effect: 'live',
  }),
  drain_timeout: seconds({
    id: 'own.drain-timeout',
    text: 'How long a stopping server waits for running calls before it ends them with BYE; new calls get 503 meanwhile. It exists so that an update need not cut people off.',
    default: 30,
    min: 0,
    max: 7200,
    effect: 'live',
  }),
};

import { Worker } from 'node:worker_threads';
import { BoundedMap } from '../../../base/bounded/bounded-map.ts';
import type { Endpoint } from '../../../base/net/endpoint.ts';
import type { Clock } from '../../../base/time/clock.ts';
import type { PeerIdentity } from '../flow.ts';
import type { GateTransportName, OctetStream, StreamGate, TcpListener } from '../ports.ts';
import {
  type Batch,
  type FromGate,
  type GateCounts,
  type GateLimits,
  noCounts,
  type TlsMaterial,
  type ToGate,
} from './messages.ts';
import { type PipeHandlers, ThreadPipe } from './thread-pipe.ts';

export interface WorkerGateOptions {
  readonly clock: Clock;
  readonly limits: GateLimits;
  readonly material: TlsMaterial;
  /** The thread died; its connections are closed, and it is started again. */
  readonly onFailure: (error: Error) => void;
  /** A TLS connection that we opened came to nothing. */
  readonly onRefused: (peer: string, remote: Endpoint, reason: string) => void;
}

type GatePipe = ThreadPipe<ToGate, FromGate>;

interface Door {
  readonly transport: GateTransportName;
  readonly local: Endpoint;
  readonly onConnection: (stream: OctetStream) => void;
  readonly onListening: (local: Endpoint) => void;
  readonly onRefused: (error: Error) => void;
}

/** A thread that dies at once is not started again at once. */
const restartMs = 1000;
/** Octets on their way to the gate beyond which it has stalled, and whoever is written to loses its connection. */
const maxInFlightOctets = 33_554_432;
const maxToldSources = 100_000;
const tellAgainMs = 3600 * 1000;

/** The signalling thread's end of the gate: starts its thread, and has its connections as streams. */
export class WorkerGate implements StreamGate, PipeHandlers<FromGate> {
  readonly #options: WorkerGateOptions;
  readonly #doors = new Map<number, Door>();
  readonly #streams = new Map<number, GateStream>();
  readonly #toldSources = new BoundedMap<string, number>(maxToldSources);
  #material: TlsMaterial;
  #counts: GateCounts = noCounts;
  /** The thread runs from the first time that somebody listens or connects. */
  #running: { readonly worker: Worker; readonly pipe: GatePipe } | undefined;
  #lastRequest = 0;
  /** Even numbers are given here, odd ones by the gate. */
  #lastId = 0;
  #isClosed = false;

  constructor(options: WorkerGateOptions) {
    this.#options = options;
    this.#material = options.material;
  }

  /** Handshakes since the gate's thread started. */
  get counts(): GateCounts {
    return this.#counts;
  }

  /** New connections see the new certificate; those that stand stay. */
  useMaterial(material: TlsMaterial): void {
    this.#material = material;
    this.#running?.pipe.control({ kind: 'material', material });
  }

  listen(
    transport: GateTransportName,
    local: Endpoint,
    onConnection: (stream: OctetStream) => void,
  ): Promise<TcpListener> {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise((resolve, reject) => {
      const onListening = (bound: Endpoint): void => resolve({ local: bound, close: () => this.#unlisten(request) });
      const onRefused = (error: Error): void => {
        this.#doors.delete(request);
        reject(error);
      };
      this.#doors.set(request, { transport, local, onConnection, onListening, onRefused });
      this.#pipe().control({ kind: 'listen', request, transport, local });
    });
  }

  connectTls(remote: Endpoint, localAddress: string, peer: PeerIdentity): OctetStream {
    this.#lastId += 2;
    const id = this.#lastId;
    const local = { address: localAddress, port: 0 };
    const stream = new GateStream(this.#wire(id), { transport: 'tls', local, remote, peer });
    this.#streams.set(id, stream);
    this.#pipe().control({ kind: 'connect', id, remote, localAddress, peer });
    return stream;
  }

  knowSource(address: string): void {
    if (this.#running === undefined) return;
    const nowMs = this.#options.clock.monotonicMs();
    const toldMs = this.#toldSources.get(address);
    if (toldMs !== undefined && nowMs - toldMs < tellAgainMs) return;
    this.#toldSources.set(address, nowMs);
    this.#running.pipe.control({ kind: 'known', address });
  }

  /** Ends the thread as a crash would; it starts again by itself. For tests. */
  endThread(): void {
    void this.#running?.worker.terminate();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#streams.clear();
    void this.#running?.worker.terminate();
  }

  onData(id: number, octets: string): void {
    this.#streams.get(id)?.onData(octets);
  }

  onEnd(): void {}

  onClosed(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.ended();
  }

  onPending(id: number, octets: number): void {
    this.#streams.get(id)?.tellPending(octets);
  }

  onTaken(): void {}

  onControl(control: FromGate): void {
    switch (control.kind) {
      case 'listening':
        return this.#listening(control.request, control.local);
      case 'refused':
        return this.#doors
          .get(control.request)
          ?.onRefused(Object.assign(new Error(control.reason), { code: control.code }));
      case 'accepted':
        return this.#accepted(control);
      case 'connected':
        return this.#streams.get(control.id)?.connected(control.local);
      case 'failed':
        return this.#options.onRefused(control.peer, control.remote, control.reason);
      case 'counts':
        this.#counts = control.counts;
    }
  }

  /** The port stays the same when the thread has to start again, also one that the system chose. */
  #listening(request: number, local: Endpoint): void {
    const door = this.#doors.get(request);
    if (door === undefined) return;
    this.#doors.set(request, { ...door, local });
    door.onListening(local);
  }

  #accepted({ id, request, local, remote, verifiedNames }: Extract<FromGate, { readonly kind: 'accepted' }>): void {
    const door = this.#doors.get(request);
    if (door === undefined || this.#isClosed) return this.#pipe().closed(id);
    const { transport } = door;
    const named = verifiedNames.length === 0 ? {} : { verifiedNames };
    const stream = new GateStream(this.#wire(id), { transport, local, remote, ...named });
    this.#streams.set(id, stream);
    door.onConnection(stream);
  }

  #wire(id: number): StreamWire {
    return {
      write: (octets) => this.#running?.pipe.data(id, octets),
      isStalled: () => (this.#running?.pipe.inFlightOctets ?? 0) > maxInFlightOctets,
      end: () => this.#running?.pipe.end(id),
      destroy: () => this.#running?.pipe.closed(id),
    };
  }

  #unlisten(request: number): void {
    this.#doors.delete(request);
    this.#running?.pipe.control({ kind: 'unlisten', request });
  }

  #pipe(): GatePipe {
    this.#running ??= this.#start();
    return this.#running.pipe;
  }

  #start(): { readonly worker: Worker; readonly pipe: GatePipe } {
    const worker = new Worker(new URL('./gate-worker.ts', import.meta.url), {
      name: 'gate',
      workerData: this.#options.limits,
    });
    const pipe: GatePipe = new ThreadPipe((batch) => worker.postMessage(batch), this);
    pipe.control({ kind: 'material', material: this.#material });
    let reason: Error | undefined;
    worker.on('message', (batch: Batch) => pipe.receive(batch));
    worker.on('error', (error: Error) => {
      reason = error;
    });
    worker.on('exit', (code) => this.#restart(reason ?? new Error(`the gate ended by itself with code ${code}`)));
    return { worker, pipe };
  }

  /** Its connections are gone; its doors are opened again, and no others: nothing falls back to clear text. */
  #restart(error: Error): void {
    if (this.#isClosed) return;
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#toldSources.clear();
    this.#options.onFailure(error);
    for (const stream of streams) stream.ended();
    this.#options.clock.after(restartMs, () => {
      if (this.#isClosed) return;
      this.#running = this.#start();
      const { pipe } = this.#running;
      for (const [request, { transport, local }] of this.#doors) {
        pipe.control({ kind: 'listen', request, transport, local });
      }
    });
  }
}

interface StreamWire {
  write(octets: string): void;
  isStalled(): boolean;
  end(): void;
  destroy(): void;
}

/** One connection of the gate, as the transport layer has it. */
class GateStream implements OctetStream {
  onData: (octets: string) => void = () => {};
  onClose: () => void = () => {};
  readonly transport: GateTransportName;
  readonly remote: Endpoint;
  readonly peer?: PeerIdentity;
  readonly verifiedNames?: readonly string[];
  readonly #wire: StreamWire;
  #local: Endpoint;
  #pendingOctets = 0;
  #isOpen = true;

  constructor(
    wire: StreamWire,
    about: Pick<OctetStream, 'local' | 'remote' | 'peer' | 'verifiedNames'> & { readonly transport: GateTransportName },
  ) {
    this.#wire = wire;
    this.transport = about.transport;
    this.#local = about.local;
    this.remote = about.remote;
    if (about.peer !== undefined) this.peer = about.peer;
    if (about.verifiedNames !== undefined) this.verifiedNames = about.verifiedNames;
  }

  /** Port 0 until a connection of ours is made. */
  get local(): Endpoint {
    return this.#local;
  }

  connected(local: Endpoint): void {
    this.#local = local;
  }

  tellPending(octets: number): void {
    this.#pendingOctets = octets;
  }

  ended(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onClose();
  }

  write(octets: string): void {
    if (!this.#isOpen) return;
    // What was not taken a moment ago stands before this.
    if (this.#pendingOctets > 0) this.#pendingOctets += octets.length;
    this.#wire.write(octets);
  }

  pendingOctets(): number {
    return this.#wire.isStalled() ? Number.POSITIVE_INFINITY : this.#pendingOctets;
  }

  end(): void {
    if (this.#isOpen) this.#wire.end();
  }

  destroy(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#wire.destroy();
  }
}

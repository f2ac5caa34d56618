/** What the signalling thread has on its heap and what belongs to it outside, in octets; both without garbage. */
export interface Retained {
  readonly heap: number;
  readonly outside: number;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly chunk?: string };
  readonly result?: { readonly result?: { readonly value?: string } };
}

/** The engine's inspector of a server that was started with `--inspect=127.0.0.1:port`: it collects garbage when asked. */
export class Inspector {
  readonly #socket: WebSocket;
  #latestId = 0;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #onChunk: (chunk: string) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Answer));
  }

  static async connect(port: number): Promise<Inspector> {
    const listed = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly {
      readonly webSocketDebuggerUrl: string;
    }[];
    const [first] = listed;
    if (first === undefined) throw new Error('nothing to inspect');
    const socket = new WebSocket(first.webSocketDebuggerUrl);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error('no inspector')));
    });
    return new Inspector(socket);
  }

  async retained(): Promise<Retained> {
    for (let time = 0; time < 3; time++) await this.#ask('HeapProfiler.collectGarbage');
    const expression = 'JSON.stringify(process.memoryUsage())';
    const answer = await this.#ask('Runtime.evaluate', { expression, returnByValue: true });
    const usage = JSON.parse(answer.result?.result?.value ?? '{}') as {
      readonly heapUsed: number;
      readonly external: number;
    };
    return { heap: usage.heapUsed, outside: usage.external };
  }

  /** Of the signalling thread, for the tools that read `.heapsnapshot`. */
  async snapshot(): Promise<string> {
    const chunks: string[] = [];
    this.#onChunk = (chunk) => chunks.push(chunk);
    await this.#ask('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
    return chunks.join('');
  }

  /** Share of its time that the signalling thread worked since this was last asked, from 0 to 1. */
  async utilization(): Promise<number> {
    const expression =
      '(() => { const now = performance.eventLoopUtilization(); const share = performance.eventLoopUtilization(now, globalThis.lastLook).utilization; globalThis.lastLook = now; return String(share); })()';
    const answer = await this.#ask('Runtime.evaluate', { expression, returnByValue: true });
    return Number(answer.result?.result?.value);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.#latestId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  #receive(answer: Answer): void {
    if (answer.params?.chunk !== undefined) this.#onChunk(answer.params.chunk);
    if (answer.id === undefined) return;
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }
}

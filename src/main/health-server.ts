import { createServer, type Server, type ServerResponse } from 'node:http';
import { metricsRegistry } from './metrics.ts';
import type { RunningServer } from './start.ts';

/** What a load balancer or a service manager needs to know. */
export interface Health {
  /** True from the moment that calls are taken until the drain begins. */
  ready: boolean;
}

const requestTimeoutMs = 5000;
const maxConnections = 50;

/**
 * `/metrics` for Prometheus, `/healthz` while the process works, `/readyz` while it takes calls. Plain HTTP on the
 * loopback address of the settings; it tells numbers only, never names.
 */
export async function serveHealth(server: RunningServer, health: Health): Promise<Server | undefined> {
  const { metrics_port, metrics_address } = server.settings.current;
  if (metrics_port === 0) return undefined;
  const registry = metricsRegistry(server);
  const http = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    switch (request.method === 'GET' ? request.url : undefined) {
      case '/metrics':
        registry.metrics().then(
          (text) => answer(response, 200, text, registry.contentType),
          () => answer(response, 500, 'metrics failed\n'),
        );
        return;
      case '/healthz':
        return answer(
          response,
          server.store.healthy ? 200 : 503,
          server.store.healthy ? 'ok\n' : 'store is not healthy\n',
        );
      case '/readyz':
        return answer(response, health.ready ? 200 : 503, health.ready ? 'ready\n' : 'draining\n');
      default:
        return answer(response, 404, 'not found\n');
    }
  });
  http.maxConnections = maxConnections;
  // A refused accept, as for want of descriptors, concerns that one connection.
  http.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen({ port: metrics_port, host: metrics_address }, resolve);
  });
  return http;
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType });
  response.end(text);
}

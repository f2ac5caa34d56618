export { type Flow, flowKey, isSecure, type PeerIdentity, type TransportName, transportNames } from './flow.ts';
export {
  type Admission,
  defaultTransportLimits,
  type PacketSource,
  type TransportHandlers,
  type TransportLimits,
  type TransportStats,
} from './limits.ts';
export type { Network, StreamGate, TcpListener, TcpStream, UdpSocket } from './ports.ts';
export { WorkerGate } from './gate/worker-gate.ts';
export { systemNetwork } from './system-network.ts';
export { TransportLayer } from './transport-layer.ts';

export { type Flow, flowKey, type TransportName } from './flow.ts';
export {
  type Admission,
  defaultTransportLimits,
  type PacketSource,
  type TransportHandlers,
  type TransportLimits,
  type TransportStats,
} from './limits.ts';
export type { Network, TcpListener, TcpStream, UdpSocket } from './ports.ts';
export { systemNetwork } from './system-network.ts';
export { TransportLayer } from './transport-layer.ts';

export { createMediaPlane, type MediaPlaneOptions } from './plane/media-plane.ts';
export * from './plane/ports.ts';
export { type CodecImpairment, g711Impairment, mosHundredths } from './rtp/mos.ts';
export * from './rtp/packet.ts';
export { Reception, sequenceDelta } from './rtp/reception.ts';
export {
  type Codec,
  type Direction,
  describeMedia,
  isRelayable,
  type MediaDescription,
  payloadTypesOf,
} from './sdp/media-description.ts';
export { answerFits, type OwnDescription, rebase, rejectedAnswer } from './sdp/rebase.ts';
export { sdpBody, sdpContentType } from './sdp/sdp-body.ts';
export {
  defaultSdpLimits,
  parseSdp,
  type Sdp,
  type SdpLimits,
  type SdpLine,
  type SdpMedia,
} from './sdp/session-description.ts';
export { type DescribedSide, type SideOptions, sideConfigOf } from './sdp/side-config.ts';

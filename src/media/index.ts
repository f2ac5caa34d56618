export { createMediaPlane } from './plane/media-plane.ts';
export * from './plane/ports.ts';
export * from './rtp/packet.ts';
export { type Direction, describeMedia, isRelayable } from './sdp/media-description.ts';
export { answerFits, rebase, rejectedAnswer } from './sdp/rebase.ts';
export { sdpBody, sdpContentType } from './sdp/sdp-body.ts';
export { parseSdp, type Sdp, type SdpMedia } from './sdp/session-description.ts';
export { type SideOptions, sideConfigOf, targetRefusal } from './sdp/side-config.ts';

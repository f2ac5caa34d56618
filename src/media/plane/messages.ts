import type { MediaFault, RefusedSource, Side, SideConfig, StreamStats } from './ports.ts';

/** One of a worker's port pairs, known by its even port. */
export interface PairKey {
  readonly address: string;
  readonly rtp: number;
}

/** From the signalling thread to a media worker; sent in batches, carried out in order. */
export type Command =
  | ({ readonly kind: 'bind' } & PairKey)
  | ({ readonly kind: 'unbind' } & PairKey)
  | { readonly kind: 'open'; readonly session: number; readonly silenceMs: number; readonly holdSilenceMs: number }
  | { readonly kind: 'stream'; readonly session: number; readonly a: PairKey; readonly b: PairKey }
  | {
      readonly kind: 'configure';
      readonly session: number;
      readonly stream: number;
      readonly side: Side;
      readonly config: SideConfig;
    }
  | { readonly kind: 'paid'; readonly session: number; readonly remainingMs: number | undefined }
  | { readonly kind: 'stats'; readonly session: number; readonly request: number }
  | { readonly kind: 'close'; readonly session: number; readonly request: number };

/** From a media worker to the signalling thread, in batches too. */
export type Report =
  | ({ readonly kind: 'bound' } & PairKey)
  | ({ readonly kind: 'unusable' } & PairKey)
  | {
      readonly kind: 'refused';
      readonly sources: readonly RefusedSource[];
      /** Packets since the last report of this kind. */
      readonly counts: Readonly<Record<MediaFault, number>>;
    }
  | { readonly kind: 'silent'; readonly session: number; readonly silentMs: number }
  | { readonly kind: 'stats'; readonly request: number; readonly stats: readonly StreamStats[] };

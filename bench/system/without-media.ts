// Preloaded by `node --import`: media workers that bind no port. Ten thousand calls have more sockets than a process may
// open on many machines, and what is measured is the signalling side.
import { registerHooks } from 'node:module';

const mute = new URL('./mute-worker.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    return found.url.endsWith('/media/relay/relay-worker.ts') ? { ...found, url: mute } : found;
  },
});

import '../../src/media/relay/relay-worker.ts';

/** The media worker, which dies when a test says so: by an error that nobody caught, or by ending. */
const orders = new BroadcastChannel('mortal media workers');
orders.onmessage = (order: unknown): void => {
  if (order instanceof MessageEvent && order.data === 'exit') process.exit(0);
  throw new Error('the worker was told to throw');
};

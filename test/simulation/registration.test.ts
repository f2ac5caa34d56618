import assert from 'node:assert/strict';
import { it } from 'node:test';
import { World } from './world.ts';

it('a binding that expired is gone from the disk too, when another phone of its user registers before the sweep', async () => {
  const world = new World(2);
  await world.start();
  world.calmDown();
  const [first, , , , second] = world.phones;
  assert.ok(first !== undefined && second !== undefined);
  void first.register(60);
  await world.pass(2000);
  assert.equal(world.disk.bindings.size, 1);
  first.close();
  // It expired after 60 s, and what is expired is swept every 10 s: at 70 s.
  await world.pass(65_000);
  void second.register(600);
  await world.pass(20_000);
  assert.deepEqual(
    [...world.disk.bindings.values()].map(({ contact }) => contact),
    ['sip:anna@198.51.100.5:5060;transport=tcp'],
  );
  world.stopServer();
  world.close();
  assert.deepEqual(world.problems, []);
});

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import type { Endpoint } from '../../base/net/endpoint.ts';
import type { TcpStream } from './ports.ts';
import { systemNetwork } from './system-network.ts';

const octetsOf = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('the network of the system', () => {
  for (const address of ['127.0.0.1', '::1']) {
    it(`carries datagrams on ${address}, with the sender's endpoint`, async () => {
      const arrived = Promise.withResolvers<{ text: string; remote: Endpoint }>();
      const answered = Promise.withResolvers<string>();
      const server = await systemNetwork.bindUdp({ address, port: 0 }, (octets, remote) => {
        arrived.resolve({ text: octets.toString('latin1'), remote });
        server.send(octetsOf('answer'), remote);
      });
      const phone = await systemNetwork.bindUdp({ address, port: 0 }, (octets) => answered.resolve(octets.toString()));
      phone.send(octetsOf('hello \xff'), server.local);
      assert.deepEqual(await arrived.promise, { text: 'hello \xff', remote: phone.local });
      assert.equal(await answered.promise, 'answer');
      phone.close();
      server.close();
      server.close();
      server.send(octetsOf('late'), phone.local);
    });

    it(`carries streams on ${address}, and what was written before the end arrives`, async () => {
      const accepted = Promise.withResolvers<TcpStream>();
      const heard = Promise.withResolvers<string>();
      const listener = await systemNetwork.listenTcp({ address, port: 0 }, (stream) => {
        stream.onData = (octets) => {
          stream.write(octetsOf(`${octets.toString('latin1')} back`));
          stream.end();
        };
        accepted.resolve(stream);
      });
      const stream = systemNetwork.connectTcp(listener.local, '');
      let text = '';
      stream.onData = (octets) => {
        text += octets.toString('latin1');
      };
      stream.onClose = () => heard.resolve(text);
      stream.write(octetsOf('there'));
      const far = await accepted.promise;
      assert.equal(await heard.promise, 'there back');
      assert.deepEqual([far.remote, far.local], [stream.local, listener.local]);
      listener.close();
    });
  }

  for (const [bound, address, other] of [
    ['127.0.0.1', '127.0.0.1', '127.0.7.7'],
    ['0.0.0.0', '127.0.0.1', '127.0.7.7'],
    ['::1', '::1', '::1'],
  ] as const) {
    it(`hears a source with a socket of its own at ${bound}, where others have filled the shared one`, async () => {
      const flooded: Endpoint[] = [];
      const heard = Promise.withResolvers<readonly [string, Endpoint]>();
      const shared = await systemNetwork.bindUdp({ address: bound, port: 0 }, (_, from) => flooded.push(from), {
        shared: true,
      });
      const server = { address, port: shared.local.port };
      const phone = await systemNetwork.bindUdp({ address: other, port: 0 }, () => {});
      const stranger = createSocket(address === '::1' ? 'udp6' : 'udp4').bind(0, address);
      await once(stranger, 'listening');
      const own = systemNetwork.connectUdp?.(shared.local, phone.local, (octets, from) =>
        heard.resolve([octets.toString(), from]),
      );
      // Nothing is read while this runs: the buffer of the shared socket is full long before its end.
      for (let count = 0; count < 20_000; count++) stranger.send('noise', server.port, server.address);
      phone.send(octetsOf('REGISTER'), server);
      assert.deepEqual(await heard.promise, ['REGISTER', phone.local]);
      assert.equal(
        flooded.some(({ port }) => port === phone.local.port),
        false,
      );
      own?.close();
      stranger.close();
      phone.close();
      shared.close();
    });
  }

  it('leaves all to the shared socket where a source cannot be connected to', async () => {
    const heard = Promise.withResolvers<string>();
    const shared = await systemNetwork.bindUdp(
      { address: '127.0.0.1', port: 0 },
      (octets) => heard.resolve(`${octets}`),
      {
        shared: true,
      },
    );
    const lost: string[] = [];
    // The kernel connects nobody to the broadcast address.
    const own = systemNetwork.connectUdp?.(shared.local, { address: '255.255.255.255', port: 5060 }, (octets) =>
      lost.push(`${octets}`),
    );
    const phone = await systemNetwork.bindUdp({ address: '127.0.0.1', port: 0 }, () => {});
    phone.send(octetsOf('hello'), shared.local);
    assert.equal(await heard.promise, 'hello');
    assert.deepEqual(lost, []);
    own?.close();
    own?.close();
    phone.close();
    shared.close();
  });

  it('refuses a shared port that another server of the same user has', async () => {
    const first = await systemNetwork.bindUdp({ address: '127.0.0.1', port: 0 }, () => {}, { shared: true });
    await assert.rejects(
      systemNetwork.bindUdp(first.local, () => {}, { shared: true }),
      { code: 'EADDRINUSE' },
    );
    first.close();
  });

  it('refuses an address that is taken or not ours, with the reason of the system', async () => {
    const first = await systemNetwork.bindUdp({ address: '127.0.0.1', port: 0 }, () => {});
    await assert.rejects(
      systemNetwork.bindUdp(first.local, () => {}),
      { code: 'EADDRINUSE' },
    );
    await assert.rejects(
      systemNetwork.listenTcp({ address: '192.0.2.1', port: 0 }, () => {}),
      { code: 'EADDRNOTAVAIL' },
    );
    first.close();
  });

  it('lets IPv4 and IPv6 have the same port side by side', async () => {
    const six = await systemNetwork.bindUdp({ address: '::', port: 0 }, () => {});
    const four = await systemNetwork.bindUdp({ address: '0.0.0.0', port: six.local.port }, () => {});
    four.close();
    six.close();
  });

  it('says where a connection comes from while it is being opened, as far as that is fixed', async () => {
    const listener = await systemNetwork.listenTcp({ address: '127.0.0.1', port: 0 }, () => {});
    const fixed = systemNetwork.connectTcp(listener.local, '127.0.0.1');
    const open = systemNetwork.connectTcp(listener.local, '');
    assert.deepEqual(
      [fixed.local, open.local],
      [
        { address: '127.0.0.1', port: 0 },
        { address: '', port: 0 },
      ],
    );
    fixed.destroy();
    open.destroy();
    listener.close();
  });

  it('tells of a refused connection by its close, and loses what cannot be sent', async () => {
    const listener = await systemNetwork.listenTcp({ address: '127.0.0.1', port: 0 }, () => {});
    listener.close();
    const closed = Promise.withResolvers<void>();
    const stream = systemNetwork.connectTcp(listener.local, '127.0.0.1');
    assert.equal(
      stream.local.address,
      '127.0.0.1',
      'what is sent first tells our address before there is a connection',
    );
    stream.onClose = () => closed.resolve();
    stream.write(octetsOf('lost'));
    await closed.promise;
    stream.write(octetsOf('lost too'));
    stream.destroy();
    const socket = await systemNetwork.bindUdp({ address: '127.0.0.1', port: 0 }, () => {});
    socket.send(octetsOf('x'), { address: '127.0.0.1', port: 0 });
    socket.send(octetsOf('x'), { address: '::1', port: 5060 });
    socket.send(octetsOf('x'), { address: 'not-an-address.example', port: 5060 });
    socket.send(Buffer.alloc(70_000), { address: '127.0.0.1', port: 5060 });
    socket.close();
  });
});

import { expect } from 'chai';
import { httpRange } from '#ts/supply/suppliers/http-range.js';
import { HttpServer, type Asked } from '../support/http-server.js';
import { PAGE } from '../support/pages.js';
import { contents, expectBytes, load } from '../support/supplies.js';
import { rejectionOf } from '../support/vmo-error.js';

const BYTES = 64 * PAGE;
const HUB = 'http://hub.test/model';
const SIGNED = 'http://bucket.s3.test/model?X-Amz-Signature=secret';

describe('httpRange follows redirects', () => {
  let server: HttpServer;
  const whole = contents(BYTES);

  beforeEach(async () => {
    server = await HttpServer.start(BYTES);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  function redirect({ response }: Asked, location: string, status = 302): void {
    response.writeHead(status, { Location: location }).end('moved');
  }

  /** All hosts are this server. */
  function objectAt(url: string, options: Parameters<typeof httpRange>[1] = {}) {
    return load(httpRange(url, { socketPath: server.socketPath, retries: 0, ...options }));
  }

  function hosts(): string[] {
    return server.asked.map(({ url }) => new URL(url).hostname);
  }

  async function startFailure(options: Parameters<typeof httpRange>[1] = {}): Promise<string> {
    const { message } = await rejectionOf(objectAt(HUB, options), 'ERR_VMO_SUPPLY');
    expect(message).to.not.include('secret');
    return message;
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`with ${status}, once for all fills`, async () => {
      server.answer = (asked) => {
        if (asked.url === HUB) redirect(asked, SIGNED, status);
        else asked.honestly();
      };
      await using object = await objectAt(HUB);
      for (const page of [3, 5])
        expectBytes(await object.fill(page * PAGE, PAGE), whole.subarray(page * PAGE, (page + 1) * PAGE));
      expect(hosts()).to.deep.equal(['hub.test', 'bucket.s3.test', 'bucket.s3.test', 'bucket.s3.test']);
      expect(server.asked.map(({ method, headers }) => [method, headers.range])).to.deep.equal([
        ['GET', 'bytes=0-0'],
        ['GET', 'bytes=0-0'],
        ['GET', `bytes=${3 * PAGE}-${4 * PAGE - 1}`],
        ['GET', `bytes=${5 * PAGE}-${6 * PAGE - 1}`],
      ]);
    });
  }

  for (const status of [401, 403, 404, 410]) {
    it(`again when the place that it was sent to answers ${status}, as a signed URL does that is out of date`, async () => {
      let generation = 0;
      server.answer = (asked) => {
        if (asked.url === HUB) redirect(asked, `${SIGNED}${++generation}`);
        else if (asked.url === `${SIGNED}${generation}`) asked.honestly();
        else asked.response.writeHead(status).end();
      };
      await using object = await objectAt(HUB, { retries: 1 });
      await object.fill(0, PAGE);
      generation = 7;
      expectBytes(await object.fill(PAGE, PAGE), whole.subarray(PAGE, 2 * PAGE));
      expect(hosts().slice(-3)).to.deep.equal(['bucket.s3.test', 'hub.test', 'bucket.s3.test']);
      expect(generation).to.equal(8);
    });
  }

  it('and finds out that another version is there now', async () => {
    server.answer = (asked) => {
      if (asked.url === HUB) redirect(asked, SIGNED);
      else asked.honestly();
    };
    await using object = await objectAt(HUB);
    server.replace(BYTES, '"two"');
    const { message } = await rejectionOf(object.fill(0, PAGE), 'ERR_VMO_SUPPLY');
    expect(message).to.include('http://bucket.s3.test/model is not the version that was wanted');
  });

  describe('and gives the credentials', () => {
    const secrets = { headers: { Authorization: 'Bearer secret', 'X-Api-Key': 'secret' } };

    async function credentialsOf(
      url: string,
      locations: Record<string, string>,
      options = secrets,
    ): Promise<unknown[]> {
      server.answer = (asked) => {
        const location = locations[asked.url];
        if (location === undefined) asked.honestly();
        else redirect(asked, location);
      };
      await using object = await objectAt(url, options);
      await object.fill(0, PAGE);
      return server.asked.map(({ headers }) => [headers.authorization, headers['x-api-key']]);
    }

    it('to the same origin', async () => {
      const found = await credentialsOf(HUB, { [HUB]: '/other/place' });
      expect(found).to.deep.equal(Array(3).fill(['Bearer secret', 'secret']));
      expect(server.asked.at(-1)?.url).to.equal('http://hub.test/other/place');
    });

    it('to no other host, not even on the way back', async () => {
      const back = 'http://hub.test/back';
      const found = await credentialsOf(HUB, { [HUB]: SIGNED, [SIGNED]: back });
      expect(found).to.deep.equal([['Bearer secret', 'secret'], ...Array<unknown>(3).fill([undefined, undefined])]);
      expect(hosts()).to.deep.equal(['hub.test', 'bucket.s3.test', 'hub.test', 'hub.test']);
    });

    it('to no other port', async () => {
      const found = await credentialsOf(HUB, { [HUB]: 'http://hub.test:8080/x' });
      expect(found.slice(1)).to.deep.equal(Array(2).fill([undefined, undefined]));
    });

    it('of the URL to the same origin alone', async () => {
      const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
      const url = HUB.replace('//', '//ann:secret@');
      const found = await credentialsOf(url, { [HUB]: '/x', 'http://hub.test/x': SIGNED }, { headers: {} } as never);
      expect(found).to.deep.equal([
        [basic, undefined],
        [basic, undefined],
        [undefined, undefined],
        [undefined, undefined],
      ]);
    });
  });

  it('five times, or as often as it is told to', async () => {
    server.answer = (asked, number) => {
      redirect(asked, `/${number}?secret`);
    };
    expect(await startFailure()).to.match(
      /^http:\/\/hub.test\/model redirects more than 5 times; give the URL at the end, or/,
    );
    expect(server.asked).to.have.lengthOf(6);
    expect(await startFailure({ redirects: 0 })).to.match(/redirects more than 0 times/);
    expect(server.asked).to.have.lengthOf(7);
  });

  const misfits: [location: string | undefined, complaint: RegExp][] = [
    [undefined, /redirects to nowhere; give its right URL/],
    ['http://', /redirects to what is no URL/],
    ['file:///etc/passwd', /redirects to a URL of file:, which is not followed/],
  ];
  for (const [location, complaint] of misfits) {
    it(`but not to ${location ?? 'nowhere'}`, async () => {
      server.answer = ({ response }) => {
        response.writeHead(302, location === undefined ? {} : { Location: location }).end();
      };
      expect(await startFailure()).to.match(complaint);
    });
  }
});

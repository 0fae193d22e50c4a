import { expect } from 'chai';
import { httpRange } from '#ts/supply/suppliers/http-range.js';
import { HttpServer, makeIdentity, openssl, type Identity } from '../support/http-server.js';
import { PAGE } from '../support/pages.js';
import { requires } from '../support/requires.js';
import { contents, expectBytes, load } from '../support/supplies.js';
import { rejectionOf } from '../support/vmo-error.js';

const BYTES = 64 * PAGE;
const NAME = 'https://store.test/one.bin';

describe('httpRange from an https server', () => {
  let identity: Identity;
  let server: HttpServer;

  before(function () {
    requires(this, openssl);
    identity = makeIdentity('store.test');
  });
  beforeEach(async () => {
    server = await HttpServer.start(BYTES, identity);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('brings ranges if its certificate is trusted', async () => {
    await using object = await load(httpRange(NAME, { socketPath: server.socketPath, ca: identity.cert }));
    expectBytes(await object.fill(PAGE, PAGE), contents(BYTES).subarray(PAGE, 2 * PAGE));
    expect(server.connectionCount).to.equal(1);
  });

  it('fails at once if it is not trusted, or is for another host', async () => {
    const stranger = await rejectionOf(load(httpRange(NAME, { socketPath: server.socketPath })), 'ERR_VMO_SUPPLY');
    expect(stranger.message).to.match(/^https:\/\/store.test\/one.bin cannot be reached: self-signed certificate/);
    const options = { socketPath: server.socketPath, ca: identity.cert };
    const other = await rejectionOf(load(httpRange('https://other.test/one.bin', options)), 'ERR_VMO_SUPPLY');
    expect(other.message).to.match(/cannot be reached: .*does not match certificate's altnames/);
    expect(server.asked).to.deep.equal([]);
  });

  it('refuses a redirect to http, and asks nothing there', async () => {
    server.answer = ({ response }) => {
      response.writeHead(302, { Location: 'http://store.test/one.bin' }).end();
    };
    const options = { socketPath: server.socketPath, ca: identity.cert };
    const { message } = await rejectionOf(load(httpRange(NAME, options)), 'ERR_VMO_SUPPLY');
    expect(message).to.include('which is not encrypted');
    expect(server.connectionCount).to.equal(1);
  });
});

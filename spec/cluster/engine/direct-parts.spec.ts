import { expect } from 'chai';
import { AddressBook } from '#cluster/engine/direct/address-book.js';
import { isValidAt, peerNamedBy } from '#cluster/engine/direct/certificate.js';
import { advertised, checkDirectOptions, type DirectOptions } from '#cluster/engine/direct/options.js';
import { headerOf, parseRequest, pathOf } from '#cluster/engine/direct/range-request.js';
import { Reachability } from '#cluster/engine/direct/reachability.js';
import { MAX_RANGE_BYTES, type Change, type OfferRecord } from '#cluster/engine/engine.js';
import { decodeRecord, encodeRecord } from '#cluster/engine/record.js';
import { makeRecord } from '../support/records.js';

const ADDRESS = { host: '192.0.2.1', port: 7443 };

describe('the address in a record', () => {
  const decoded = (changes: object) => {
    const record = makeRecord('a', 'b');
    return decodeRecord(record, encodeRecord({ ...record, ...changes }));
  };

  for (const host of ['192.0.2.1', '2001:db8::1', 'scorer-7.example', 'x'.repeat(253)]) {
    it(`may be at ${host.slice(0, 20)}, of ${host.length} characters`, () => {
      expect(decoded({ direct: { host, port: 1 } })?.direct).to.deep.equal({ host, port: 1 });
    });
  }

  const wrong = [
    ['a URL', 'https://192.0.2.1:7443'],
    ['null', null],
    ['nothing', {}],
    ['a host without a port', { host: 'h' }],
    ['a port that is a text', { host: 'h', port: '7443' }],
    ['port 0', { host: 'h', port: 0 }],
    ['port 65536', { host: 'h', port: 65536 }],
    ['half a port', { host: 'h', port: 7443.5 }],
    ['an empty host', { host: '', port: 7443 }],
    ['a host that is a number', { host: 1, port: 7443 }],
    ['a path', { host: 'h/etc', port: 7443 }],
    ['a user', { host: 'user@h', port: 7443 }],
    ['a line feed', { host: 'h\r\nhost', port: 7443 }],
    ['a host with an option', { host: '-h', port: 7443 }],
    ['a host that is too long', { host: 'x'.repeat(254), port: 7443 }],
    ['more than it should be', { ...ADDRESS, socketPath: '/run/docker.sock' }],
  ] as const;
  for (const [what, direct] of wrong) {
    it(`is not ${what}: there is no such offer`, () => {
      expect(decoded({ direct })).to.equal(undefined);
    });
  }

  it('is in no durable offer', () => {
    expect(decoded({ direct: ADDRESS, durable: true })).to.equal(undefined);
    expect(decoded({ durable: true })).to.not.equal(undefined);
  });
});

describe('what is known of addresses', () => {
  const offer = (changes: Partial<OfferRecord> = {}): Change => {
    const record = makeRecord('a', 'b', { direct: ADDRESS, ...changes });
    return { name: record, entry: { record, revision: 1 } };
  };
  const withdrawn = ({ name }: Change): Change => ({ name, entry: undefined });

  it('is of one holder and one object, until the last record that says so is withdrawn', () => {
    const book = new AddressBook('b');
    const [first, second] = [offer(), offer()];
    book.onChange(first);
    book.onChange(second);
    book.onChange(second);
    expect(book.of('a', 'object-1')).to.deep.equal(ADDRESS);
    expect(book.of('a', 'object-2')).to.equal(undefined);
    expect(book.of('c', 'object-1')).to.equal(undefined);
    book.onChange(withdrawn(first));
    expect(book.of('a', 'object-1')).to.deep.equal(ADDRESS);
    book.onChange(withdrawn(second));
    expect(book.of('a', 'object-1')).to.equal(undefined);
    expect(book.size).to.equal(0);
  });

  it('follows a record whose object changes, or that has no address any more', () => {
    const book = new AddressBook('b');
    const { name, entry } = offer();
    if (!entry) throw new Error('an offer has an entry');
    book.onChange({ name, entry });
    book.onChange({ name, entry: { ...entry, record: { ...entry.record, object: 'object-2' } } });
    expect([book.of('a', 'object-1'), book.of('a', 'object-2')]).to.deep.equal([undefined, ADDRESS]);
    const { record } = entry;
    delete record.direct;
    book.onChange({ name, entry });
    expect(book.of('a', 'object-2')).to.equal(undefined);
  });

  it('is nothing of what this peer has sent itself', () => {
    const book = new AddressBook('a');
    book.onChange(offer());
    expect(book.size).to.equal(0);
  });

  it('lets no peer withdraw what another has announced under the same id', () => {
    const book = new AddressBook('b');
    const ofA = offer();
    book.onChange(ofA);
    book.onChange({ name: { ...ofA.name, from: 'c' }, entry: undefined });
    expect(book.of('a', 'object-1')).to.deep.equal(ADDRESS);
  });

  it('is bounded', () => {
    const book = new AddressBook('b');
    for (let offers = 0; offers < 66_000; offers++) book.onChange(offer({ object: `object-${offers}` }));
    expect(book.size).to.equal(65_536);
  });
});

describe('when a holder is asked directly', () => {
  it('is always, while it can be reached', () => {
    const reachability = new Reachability();
    reachability.succeeded('a');
    expect([reachability.mayTry('a', 0), reachability.mayTry('a', 0)]).to.deep.equal([true, true]);
  });

  it('is not soon after a failure, and then by one reader at a time', () => {
    const reachability = new Reachability();
    reachability.failed('a', 1000, 990);
    expect(reachability.mayTry('a', 1999)).to.equal(false);
    expect(reachability.mayTry('b', 1999)).to.equal(true);
    expect([reachability.mayTry('a', 2000), reachability.mayTry('a', 2000)]).to.deep.equal([true, false]);
    reachability.succeeded('a');
    expect(reachability.mayTry('a', 2001)).to.equal(true);
  });

  it('is after longer and longer pauses, of a minute at most', () => {
    const reachability = new Reachability();
    const pauses = [];
    for (let now = 0; pauses.length < 8;) {
      reachability.failed('a', now, now);
      const failed = now;
      while (!reachability.mayTry('a', now)) now += 500;
      pauses.push(now - failed);
    }
    expect(pauses).to.deep.equal([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('does not count failures twice that began together', () => {
    const reachability = new Reachability();
    for (const now of [1000, 1001, 1002]) reachability.failed('a', now, 900);
    expect(reachability.mayTry('a', 2000)).to.equal(true);
  });

  it('remembers a bounded number of holders', () => {
    const reachability = new Reachability();
    for (let holder = 0; holder < 5000; holder++) reachability.failed(`holder-${holder}`, 0, 0);
    expect(reachability.mayTry('holder-4999', 1)).to.equal(false);
    expect(reachability.mayTry('holder-0', 1)).to.equal(true);
  });
});

describe('the name in a certificate', () => {
  const named = [
    ['DNS:localhost, IP Address:127.0.0.1, URI:vmoffer:scorer-7', 'scorer-7'],
    ['URI:vmoffer:a', 'a'],
  ] as const;
  for (const [subjectaltname, name] of named) {
    it(`is ${name} in ${subjectaltname}`, () => {
      expect(peerNamedBy({ subjectaltname })).to.equal(name);
    });
  }

  const unnamed = [
    undefined,
    '',
    'DNS:a',
    'URI:vmoffer:',
    'URI:vmoffer:a/b',
    'URI:vmoffer:a, URI:vmoffer:b',
    'URI:https://vmoffer:a',
    'DNS:"x, URI:vmoffer:a, y"',
    'URI:vmoffer:a, DNS:"x"',
    `URI:vmoffer:${'x'.repeat(65)}`,
  ];
  for (const subjectaltname of unnamed) {
    it(`is none in ${subjectaltname}`, () => {
      expect(peerNamedBy({ subjectaltname })).to.equal(undefined);
    });
  }

  it('counts until the certificate has expired', () => {
    const certificate = { valid_to: 'Nov 28 09:12:15 2026 GMT' };
    const end = Date.UTC(2026, 10, 28, 9, 12, 15);
    expect([isValidAt(certificate, end), isValidAt(certificate, end + 1)]).to.deep.equal([true, false]);
    expect(isValidAt({ valid_to: 'never' }, end)).to.equal(false);
  });
});

describe('a range over HTTP', () => {
  const parse = (given: object) => parseRequest({ method: 'GET', url: '/o', headers: {}, ...given });
  const withRange = (range: string) => parse({ headers: { range } });

  it('is what it was when it was asked for', () => {
    const ranges = [
      { offset: 0, byteLength: 1 },
      { offset: 2 ** 52 + 1, byteLength: MAX_RANGE_BYTES },
    ];
    for (const range of ranges) {
      const given = { url: pathOf('object-1'), headers: { range: headerOf(range) } };
      expect(parse(given)).to.deep.equal({ object: 'object-1', range });
    }
  });

  for (const range of [
    '',
    'bytes=',
    'bytes=0-',
    'bytes=-1',
    'bytes=2-1',
    'bytes=0-0,2-3',
    'bytes=0-1048576',
    'bytes=-1-1',
    'bytes=0x0-0x1',
    'bytes=9007199254740992-9007199254740993',
    'bytes=12345678901234567-12345678901234568',
    'units=0-1',
  ]) {
    it(`is not '${range}'`, () => {
      expect(withRange(range)).to.equal(undefined);
    });
  }

  const range = 'bytes=0-0';
  for (const [what, given] of [
    ['another method', { method: 'POST' }],
    ['a body', { headers: { range, 'content-length': '1' } }],
    ['a body of unknown length', { headers: { range, 'transfer-encoding': 'chunked' } }],
    ['another path', { url: '/../o' }],
    ['a query', { url: '/o?x' }],
    ['no object', { url: '/' }],
    ['a URL', { url: 'https://h/o' }],
    ['no range', { headers: {} }],
  ] as const) {
    it(`is none with ${what}`, () => {
      expect(parse({ headers: { range } })).to.not.equal(undefined);
      expect(parse({ headers: { range }, ...given })).to.equal(undefined);
    });
  }
});

describe('the option direct', () => {
  const tls = { cert: 'a.pem', key: 'a.key', ca: 'ca.pem' };
  const listen = { host: '192.0.2.1', port: 0 };

  for (const [what, options] of [
    ['reading alone', { tls }],
    ['listening', { tls, listen }],
    ['another name', { tls, listen: { host: '0.0.0.0', port: 1 }, advertise: { host: 'a.example' } }],
    ['another port', { tls, listen, advertise: { port: 443 } }],
  ] as const) {
    it(`may say ${what}`, () => {
      checkDirectOptions(options);
    });
  }

  for (const [what, options, message] of [
    ['no files', {}, /direct\.tls\.cert must be the path/],
    ['no key', { tls: { ...tls, key: undefined } }, /direct\.tls\.key .* got undefined/],
    ['an authority that is no path', { tls: { ...tls, ca: 7 } }, /direct\.tls\.ca .* got 7/],
    ['no port', { tls, listen: { host: 'h' } }, /direct\.listen\.port .* got undefined/],
    ['a port that is none', { tls, listen: { host: 'h', port: 65536 } }, /from 0 to 65535, got 65536/],
    ['a host that is none', { tls, listen: { host: 'https://h', port: 1 } }, /direct\.listen\.host/],
    [
      'an address that nobody can connect to',
      { tls, listen: { host: '::', port: 1 } },
      /direct\.advertise: \{ host \}/,
    ],
    ['another name that is none', { tls, listen, advertise: { host: '' } }, /direct\.advertise\.host/],
    ['another port that is none', { tls, listen, advertise: { port: 0 } }, /from 1 to 65535, got 0/],
    ['another name of nothing', { tls, advertise: { host: 'h' } }, /direct\.advertise needs direct\.listen/],
  ] as const) {
    it(`may not say ${what}`, () => {
      expect(() => {
        checkDirectOptions(options as unknown as DirectOptions);
      }).to.throw(message);
    });
  }

  it('says what others are told', () => {
    expect(advertised({ tls, listen }, 7443)).to.deep.equal({ host: '192.0.2.1', port: 7443 });
    const advertise = { host: 'a.example', port: 443 };
    expect(advertised({ tls, listen, advertise }, 7443)).to.deep.equal(advertise);
  });
});

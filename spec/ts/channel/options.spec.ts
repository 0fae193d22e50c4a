import { expect } from 'chai';
import { checkAcceptOptions, checkChannelOptions, checkWaitOptions } from '#ts/channel/options.js';
import { thrownBy } from '../../support/vmo-error.js';

const check = checkChannelOptions as (options: unknown) => ReturnType<typeof checkChannelOptions>;

describe('the options of a channel', () => {
  it('have defaults', () => {
    expect(check({})).to.deep.equal({
      slots: 1024,
      slotBytes: 1024,
      whenFull: 'wait',
      signal: undefined,
      timeoutMs: undefined,
    });
  });

  it('are taken as they are', () => {
    const { signal } = new AbortController();
    const options = { slots: 2, slotBytes: 56, whenFull: 'fail', signal, timeoutMs: 1 };
    expect(check(options)).to.deep.equal(options);
  });

  const wrong: [options: unknown, word: string][] = [
    [null, 'options'],
    [{ slots: 1 }, 'slots'],
    [{ slots: 65_537 }, 'slots'],
    [{ slots: 2.5 }, 'slots'],
    [{ slots: '8' }, 'slots'],
    [{ slotBytes: 55 }, 'slotBytes'],
    [{ slotBytes: Number.NaN }, 'slotBytes'],
    [{ slotBytes: 2 ** 28 + 1 }, 'slotBytes'],
    [{ slots: 65_536, slotBytes: 4096 }, 'slots'],
    [{ whenFull: 'block' }, 'whenFull'],
    [{ signal: {} }, 'signal'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
  ];
  for (const [options, word] of wrong) {
    it(`are refused: ${JSON.stringify(options)}`, () => {
      const error = thrownBy(() => check(options), 'ERR_VMO_INVALID_ARGUMENT');
      expect(error.message).to.include(word);
    });
  }
});

describe('the options of accepting and waiting', () => {
  it('are checked', () => {
    expect(checkAcceptOptions({ from: 7 })).to.deep.equal({ from: 7, whenFull: 'wait', signal: undefined });
    thrownBy(() => checkAcceptOptions({ from: 0 }), 'ERR_VMO_INVALID_ARGUMENT');
    expect(checkWaitOptions({})).to.equal(undefined);
    thrownBy(() => checkWaitOptions({ signal: 5 as never }), 'ERR_VMO_INVALID_ARGUMENT');
  });
});

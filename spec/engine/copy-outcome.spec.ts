import { expect } from 'chai';
import { constants } from 'node:os';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const { EEXIST, EAGAIN, EFAULT, EINVAL, ENOENT, ENOMEM, EPERM, ESRCH } = constants.errno;
const BYTES = 65_536;

describe('classify_copy', () => {
  before(function () {
    requires(this, needs.probe);
  });

  const cases: [name: string, result: number, errno: number, bytes: number, outcome: string][] = [
    ['success is all of it', 0, 0, BYTES, 'done'],
    ['a first part counts, whatever stopped it (EEXIST)', -1, EEXIST, 4096, 'partial'],
    ['a first part counts, whatever stopped it (EAGAIN)', -1, EAGAIN, 4096, 'partial'],
    ['a first part counts, whatever stopped it (EFAULT)', -1, EFAULT, 4096, 'partial'],
    ['EEXIST: the first page is there', -1, EEXIST, -EEXIST, 'already-there'],
    ['EAGAIN: nothing was done, ask again', -1, EAGAIN, -EAGAIN, 'retry'],
    ['EFAULT: the object has a hole', -1, EFAULT, -EFAULT, 'hole'],
    ['ENOENT: the range is not registered', -1, ENOENT, -ENOENT, 'gone'],
    ['EINVAL: the range is not registered', -1, EINVAL, 0, 'gone'],
    ['ESRCH: the process is ending', -1, ESRCH, 0, 'gone'],
    ['anything else is a failure (ENOMEM)', -1, ENOMEM, -ENOMEM, 'failed'],
    ['anything else is a failure (EPERM)', -1, EPERM, 0, 'failed'],
  ];

  for (const [name, result, errno, bytes, outcome] of cases) {
    it(name, () => {
      expect(probe().classifyCopy(result, errno, bytes)).to.equal(outcome);
    });
  }
});

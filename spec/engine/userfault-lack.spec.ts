import { expect } from 'chai';
import { constants } from 'node:os';
import { probe, type UserfaultAnswers } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const { EINVAL, EMFILE, ENFILE, ENOSYS, EPERM } = constants.errno;
const NEEDED = 0b0110;

describe('what_userfault_lacks', () => {
  before(function () {
    requires(this, needs.probe);
  });

  const cases: [name: string, answers: Partial<UserfaultAnswers>, lack: string][] = [
    ['nothing where it opens with what is needed', { features: 0b1111 }, 'nothing'],
    ['the system call where the kernel has none', { refusal: ENOSYS, refusalInUserMode: ENOSYS }, 'the system call'],
    ['descriptors where the process has no more', { refusal: EMFILE, refusalInUserMode: EMFILE }, 'descriptors'],
    ['descriptors where the machine has no more', { refusal: ENFILE }, 'descriptors'],
    ['features where it opens without one of them', { features: 0b0010 }, 'features'],
    ['features where it opens and offers none', { features: 0 }, 'features'],
    ['features, and not rights, where both are missing', { refusal: EPERM, features: 0b0010 }, 'features'],
    [
      'features, and not rights, where the kernel is too old to say so',
      { refusal: EPERM, refusalInUserMode: EINVAL },
      'features',
    ],
    ['rights where it opens in user mode alone', { refusal: EPERM, features: NEEDED }, 'rights'],
    ['forbidden where it opens in no way', { refusal: EPERM, refusalInUserMode: EPERM }, 'forbidden'],
    [
      'faults in user mode alone where the kernel does not know of them',
      { refusal: EINVAL, refusalInUserMode: EINVAL, wantsKernelFaults: false, features: 0b0010 },
      'faults in user mode alone',
    ],
    [
      'forbidden where faults in user mode alone are forbidden',
      { refusal: EPERM, refusalInUserMode: EPERM, wantsKernelFaults: false },
      'forbidden',
    ],
    [
      'forbidden, and not features, where root may have all faults and a filter forbids those in user mode',
      { refusal: EPERM, refusalInUserMode: EPERM, wantsKernelFaults: false, features: NEEDED },
      'forbidden',
    ],
  ];

  const none = { refusal: 0, refusalInUserMode: 0, wantsKernelFaults: true, features: undefined, needed: NEEDED };
  for (const [name, answers, lack] of cases) {
    it(name, () => {
      expect(probe().whatUserfaultLacks({ ...none, ...answers })).to.equal(lack);
    });
  }
});

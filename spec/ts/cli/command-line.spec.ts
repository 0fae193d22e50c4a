import { expect } from 'chai';
import { parseCommandLine } from '#ts/cli/command-line.js';

const TOP = { command: 'top', isJson: false, isOnce: false, intervalMs: 1000 };

describe('the command line', () => {
  for (const [line, parsed] of [
    ['doctor', { command: 'doctor', isJson: false }],
    ['doctor --json', { command: 'doctor', isJson: true }],
    ['top', TOP],
    ['top --once', { ...TOP, isOnce: true }],
    ['--json top', { ...TOP, isJson: true }],
    ['top --interval 0.1', { ...TOP, intervalMs: 100 }],
    ['top --interval=2.5', { ...TOP, intervalMs: 2500 }],
    ['--help', { command: 'help' }],
    ['top -h', { command: 'help' }],
    ['--version', { command: 'version' }],
  ] as const) {
    it(`'${line}' is understood`, () => {
      expect(parseCommandLine(line.split(' '))).to.deep.equal(parsed);
    });
  }

  for (const [line, complaint] of [
    ['', 'which command?'],
    ['bottom', "not a command: 'bottom'"],
    ['top doctor', "not a command: 'top doctor'"],
    ['doctor --once', "'--once' is not an option of doctor"],
    ['doctor --interval 1', "'--interval' is not an option of doctor"],
    ['top --fast', 'Unknown option'],
    ['top --interval', 'argument missing'],
    ['top --interval 0', "'0' are none"],
    ['top --interval 0.05', "'0.05' are none"],
    ['top --interval=-1', "'-1' are none"],
    ['top --interval 1s', "'1s' are none"],
    ['top --interval=', "'' are none"],
    ['top --interval NaN', "'NaN' are none"],
    ['top --interval Infinity', "'Infinity' are none"],
  ] as const) {
    it(`'${line}' is refused`, () => {
      expect(() => parseCommandLine(line.split(' ').filter(Boolean))).to.throw(TypeError, complaint);
    });
  }
});

import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Fault } from '../../soak/faults.js';
import { until } from '../support/barriers.js';
import { projectRoot } from '../support/project.js';

interface Soak {
  readonly output: string;
  readonly ended: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

function startSoak(args: string, fault?: Fault): Soak {
  const program = spawn(process.execPath, [join('out', 'js', 'soak', 'main.js'), ...args.split(' ')], {
    cwd: projectRoot,
    env: { ...process.env, ...(fault && { VMOFFER_SOAK_FAULT: fault }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  program.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    get output() {
      return output;
    },
    ended: once(program, 'close').then(([code]) => code as number),
    kill: (signal) => program.kill(signal),
  };
}

async function failureOf(fault: Fault, args: string): Promise<string> {
  const soak = startSoak(args, fault);
  expect(await soak.ended, soak.output).to.equal(1);
  expect(soak.output).to.match(/^soak: FAILED \(again: npm run soak -- .*--seed 5/m);
  return soak.output;
}

describe('a soak', function () {
  this.timeout(120_000);

  it('passes, and reports what it did', async () => {
    const soak = startSoak('--minutes 0.1 --seed 5 --processes 3');
    expect(await soak.ended, soak.output).to.equal(0);
    expect(soak.output).to.match(/^soak: passed: \d+ operations in \d+ s, seed 5$/m);
  });

  it('finds a descriptor that stays, and names the process', async () => {
    const output = await failureOf('leak', '--minutes 0.2 --seed 5 --processes 2');
    expect(output).to.match(/^descriptors of process 0 \(pid \d+\) grow by/m);
    expect(output).to.match(/\d+ × \/dev\/zero/);
  });

  it('finds a wrong byte', async () => {
    const output = await failureOf('wrong', '--minutes 1 --seed 5 --processes 2');
    expect(output).to.match(/process \d \(pid \d+\) failed: .*page \d+, byte 4088/);
  });

  it('finds an operation that hangs, and names it', async () => {
    const output = await failureOf('hang', '--minutes 1 --seed 5 --processes 2 --patience 2');
    expect(output).to.match(/process \d \(pid \d+\) failed: \w+: \w+ hangs: no end after 2 s/);
  });

  it('finds a process that ends, and reports how', async () => {
    const output = await failureOf('exit', '--minutes 1 --seed 5 --processes 2');
    expect(output).to.match(/process \d \(pid \d+\) ended with code 7/);
  });

  it('still reports when it is ended early', async () => {
    const soak = startSoak('--minutes 5 --seed 5 --processes 2');
    await until('it has begun', () => soak.output.includes('npm run soak'));
    soak.kill('SIGTERM');
    expect(await soak.ended).to.equal(143);
    expect(soak.output).to.match(/this soak was ended by SIGTERM\nsoak: FAILED/);
  });
});

import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probe, type WireMessage } from '../support/probe.js';
import { projectRoot } from '../support/project.js';
import { needs, requires } from '../support/requires.js';

const CORPUS = join(projectRoot, 'fixtures', 'fuzz', 'corpus', 'codec');
const KINDS: WireMessage['type'][] = [
  'claim',
  'terms',
  'mapped',
  'declined',
  'done',
  'refused',
  'list',
  'offers',
  'end',
  'lease',
  'inspect',
  'held',
  'supply',
  'ask',
  'cancel',
  'ready',
  'failed',
  'progress',
  'recall',
  'given',
  'kept',
];

describe('the corpus of the codec', () => {
  it('has a message of each kind, and nothing else', function () {
    requires(this, needs.probe);
    const messages = readdirSync(CORPUS).map((name) => probe().decode(readFileSync(join(CORPUS, name))));
    const kinds = messages.map((message) => ('type' in message ? message.type : message.message));
    expect([...new Set(kinds)]).to.have.members(KINDS);
  });
});

describe('the fuzzer of our own', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-fuzz-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function build(...target: string[]): string {
    const driver = join(folder, 'driver');
    const sources = [...target, 'fuzz/packets.cc', 'fuzz/driver.cc'];
    execFileSync('g++', ['-std=gnu++20', '-O1', '-I.', ...sources, '-o', driver], { cwd: projectRoot });
    return driver;
  }

  function fuzz(driver: string, corpus: string, seconds: string) {
    const current = join(folder, 'current');
    const args = ['--seconds', seconds, '--seed', '1', '--current', current, corpus];
    return { ...spawnSync(driver, args, { encoding: 'utf8' }), current };
  }

  it('finds a fault, and keeps the input that shows it', () => {
    const driver = build('fixtures/fuzz/fails_on_a_count.cc');
    const { signal, current } = fuzz(driver, CORPUS, '60');
    expect(signal).to.equal('SIGABRT');
    const kept = readFileSync(current);
    const input = kept.subarray(8, 8 + Number(kept.readBigUInt64LE(0)));
    const path = join(folder, 'input');
    writeFileSync(path, input);
    expect(spawnSync(driver, [path]).signal, 'the input alone').to.equal('SIGABRT');
  });

  it('says how many inputs it has tried if there is no fault', () => {
    const driver = build('fuzz/codec.cc', 'engine/wire/codec.cc');
    const { status, stdout } = fuzz(driver, CORPUS, '0');
    expect(status, stdout).to.equal(0);
    expect(stdout).to.match(/^\d+ inputs, \d+ of them reached something new, seed 1$/m);
  });

  it('refuses to begin without a corpus', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(fuzz(build('fixtures/fuzz/fails_on_a_count.cc'), empty, '1').status).to.equal(2);
  });
});

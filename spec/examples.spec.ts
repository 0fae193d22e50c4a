import { expect } from 'chai';
import { filesBelow, readProjectFile } from './support/project.js';
import { needs, requires } from './support/requires.js';
import { Program, runProgram, type Outcome } from './support/program.js';
import { promisedLines, ReadMeFolder, readMePrograms } from './support/read-me.js';

/** The command line in the opening comment of an example. */
function commandLineOf(example: string): string {
  const [, line] = /^\/\*\*.*?: (node [^\n]*?)\s*\*\//s.exec(readProjectFile(`examples/${example}.ts`)) ?? [];
  if (line === undefined) throw new Error(`examples/${example}.ts does not say how it is run`);
  return line;
}

function expectGoodEnd({ code, errors }: Outcome): void {
  expect(errors).to.equal('');
  expect(code).to.equal(0);
}

/** The command that a line of output tells the reader to run in another terminal. */
function commandIn(line: string): string {
  return line.slice(line.indexOf('node '));
}

describe('the examples', () => {
  it('are those that are run here', () => {
    expect(filesBelow('examples', /\.ts$/)).to.deep.equal(
      [
        ...['arrow-file', 'claimer', 'decrypt-on-touch', 'decrypting-supplier', 'frame-pool', 'frames', 'lazy-model'],
        ...['shared-counter', 'source'],
      ].map((name) => `examples/${name}.ts`),
    );
  });

  it('claimer and source: one prints what the other offers', async () => {
    await using claimer = new Program(commandLineOf('claimer'));
    const command = commandIn(await claimer.line());
    expect(command).to.equal(commandLineOf('source').replace('PID', String(claimer.pid)));
    await using source = new Program(command);
    expect(await claimer.line()).to.equal(`process ${source.pid} says: hello from process ${source.pid}`);
    const end = await source.ended;
    expectGoodEnd(end);
    expect(end.output).to.equal('the offer was claimed\n');
  });

  it('arrow-file: the reader finds the index at the end', async () => {
    const end = await runProgram(commandLineOf('arrow-file'));
    expectGoodEnd(end);
    expect(end.output).to.match(/^2 rows: .*Oslo.*161/);
  });

  it('shared-counter: loses no step', async () => {
    const end = await runProgram(commandLineOf('shared-counter'));
    expectGoodEnd(end);
    expect(end.output).to.equal('two processes counted to 2000000\n');
  });

  it('lazy-model: two processes read the start of a model, and little of it is read, once', async function () {
    requires(this, needs.fullUserfault);
    const end = await runProgram(commandLineOf('lazy-model').replace(' [PATH or URL]', ''));
    expectGoodEnd(end);
    const [first, second, sum] = end.output.trimEnd().split('\n');
    expect(first).to.equal('embed has 67108864 of U8; its first byte is 1');
    expect(second).to.equal(first);
    const [, read] = /^(\d+) KiB of 65536 KiB were read, for 2 processes$/.exec(sum ?? '') ?? [];
    expect(Number(read)).to.be.within(4, 4096);
  });

  it('decrypt-on-touch: the reader reads what nobody else can, and little is decrypted', async function () {
    requires(this, needs.fullUserfault);
    const end = await runProgram(commandLineOf('decrypt-on-touch'));
    expectGoodEnd(end);
    const [, text, decrypted] =
      /^at 9437184 it says: (.*)\n(\d+) KiB of 16384 KiB were decrypted\n$/.exec(end.output) ?? [];
    expect(text).to.equal('nobody else can read this');
    expect(Number(decrypted)).to.be.within(4, 4096);
  });

  it('frame-pool: every frame arrives, although the consumer is killed midway', async () => {
    const end = await runProgram(commandLineOf('frame-pool'));
    expectGoodEnd(end);
    expect(end.output).to.equal('200 frames went through 4 buffers to 2 consumers, and all arrived whole\n');
  });
});

describe('the example frames', () => {
  it('moves every frame there and back, and says how fast', async () => {
    const end = await runProgram(commandLineOf('frames'));
    expectGoodEnd(end);
    const [whole, speed] = end.output.trimEnd().split('\n');
    expect(whole).to.equal('400 of 400 frames arrived whole');
    expect(speed).to.match(/^[1-9]\d* frames a second, \d+\.\d GB\/s, written and read$/);
  });
});

describe('the programs in README.md', () => {
  const programs = readMePrograms();
  let folder: ReadMeFolder;
  before(() => {
    folder = new ReadMeFolder(programs);
  });
  after(() => {
    folder[Symbol.dispose]();
  });

  it('are those that are run here', () => {
    expect([...programs.keys()]).to.deep.equal([
      'claimer.mjs',
      'source.mjs',
      'hand-off.mjs',
      'channel.mjs',
      'supplied.mjs',
    ]);
  });

  it('claimer.mjs and source.mjs: one greets the other', async () => {
    await using claimer = new Program('node claimer.mjs', folder.path);
    const command = await claimer.line();
    expect(command).to.equal(`node source.mjs ${claimer.pid}`);
    expectGoodEnd(await runProgram(command, folder.path));
    expect(await claimer.line()).to.equal('hello');
  });

  for (const name of ['hand-off.mjs', 'channel.mjs', 'supplied.mjs']) {
    it(`${name}: prints what its comments say`, async function () {
      if (name === 'supplied.mjs') requires(this, needs.userfault);
      const promised = promisedLines(programs.get(name) ?? '');
      expect(promised).to.not.be.empty;
      const end = await runProgram(`node ${name}`, folder.path);
      expectGoodEnd(end);
      expect(end.output).to.equal(`${promised.join('\n')}\n`);
    });
  }
});

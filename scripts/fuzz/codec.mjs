// Fuzzes the codec under AddressSanitizer and UBSan: with libFuzzer if there is a clang that has it, else with fuzz/driver.cc.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listSources } from '../list-sources.mjs';
import { isOnPath, root, run } from '../run.mjs';

const corpus = join('fixtures', 'fuzz', 'corpus', 'codec');
const kept = join('out', 'fuzz', 'codec');
const objects = join('build', 'fuzz');
const target = ['fuzz/codec.cc', 'fuzz/packets.cc', ...listSources('engine/wire'), ...listSources('engine/base')];
const flags = [
  '-std=gnu++20',
  '-O1',
  '-g',
  '-fno-omit-frame-pointer',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-pthread',
  '-I.',
];
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const clangs = ['clang++', 'clang++-19', 'clang++-18', 'clang++-16', 'clang++-15', 'clang++-14'];

/** A clang that can link a fuzzer. */
function findClang() {
  const probe = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }';
  const args = ['-x', 'c++', '-', '-fsanitize=fuzzer,address,undefined', '-o', join(objects, 'has-fuzzer')];
  return clangs.filter(isOnPath).find((name) => spawnSync(name, args, { input: probe }).status === 0);
}

function compile(compiler, own, sources, binary) {
  const made = sources.map((source) => join(objects, `${compiler}-${source.replaceAll('/', '-')}.o`));
  for (const [at, source] of sources.entries()) {
    const reach = source === 'fuzz/driver.cc' ? [] : own;
    const code = run(compiler, [...flags, ...sanitizers, ...reach, '-c', source, '-o', made[at]]);
    if (code !== 0) return code;
  }
  return run(compiler, [
    '-pthread',
    ...sanitizers,
    ...own.filter((flag) => flag.includes('fuzzer')),
    ...made,
    '-o',
    binary,
  ]);
}

/** Builds the fuzzer. `clang` is undefined if it is fuzz/driver.cc. */
function build(isPlain) {
  process.chdir(root);
  mkdirSync(objects, { recursive: true });
  const clang = isPlain ? undefined : findClang();
  const binary = join(objects, clang ? 'codec-libfuzzer' : 'codec-plain');
  const code = clang
    ? compile(clang, ['-fsanitize=fuzzer'], target, binary)
    : compile('g++', ['-fsanitize-coverage=trace-pc'], [...target, 'fuzz/driver.cc'], binary);
  return { code, clang, binary };
}

/** @param {{ seconds: string, seed: string, plain: boolean }} options */
export function fuzzCodec({ seconds, seed, plain }) {
  const { code, clang, binary } = build(plain);
  if (code !== 0) return code;
  console.log(`fuzz: codec by ${clang ? `libFuzzer of ${clang}` : 'fuzz/driver.cc (no clang with libFuzzer is used)'}`);
  mkdirSync(kept, { recursive: true });
  return clang ? runLibFuzzer(binary, seconds, seed) : runDriver(binary, seconds, seed);
}

function runLibFuzzer(binary, seconds, seed) {
  const options = [
    `-max_total_time=${Math.ceil(Number(seconds))}`,
    `-seed=${seed}`,
    '-max_len=8192',
    '-print_final_stats=1',
  ];
  const found = join(kept, 'reached');
  mkdirSync(found, { recursive: true });
  const prefix = join(kept, 'crash-');
  const code = run(binary, [...options, '-verbosity=0', `-artifact_prefix=${prefix}`, found, corpus]);
  if (code !== 0) console.log(`fuzz: again: npm run fuzz -- codec --replay ${prefix}…`);
  return code;
}

function runDriver(binary, seconds, seed) {
  const current = join(kept, `current-${process.pid}`);
  const code = run(binary, ['--seconds', seconds, '--seed', seed, '--current', current, corpus]);
  if (code !== 0 && existsSync(current)) keepInput(readFileSync(current));
  rmSync(current, { force: true });
  return code;
}

/** @param {Buffer} current its length, and the input */
function keepInput(current) {
  const input = current.subarray(8, 8 + Number(current.readBigUInt64LE(0)));
  const path = join(kept, `crash-${createHash('sha1').update(input).digest('hex')}`);
  writeFileSync(path, input);
  console.log(`fuzz: codec fails with ${input.toString('hex')}\nfuzz: again: npm run fuzz -- codec --replay ${path}`);
}

/** @param {string} path */
export function replayCodec(path) {
  const { code, binary } = build(true);
  return code === 0 ? run(binary, [path]) : code;
}
